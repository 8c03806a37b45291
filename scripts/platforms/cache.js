'use strict'

// What the other platforms need and package registries have, fetched once into a folder that git
// ignores.

const fs = require('node:fs')
const path = require('node:path')
const { root } = require('../../tools/targets')
const { need, run } = require('./commands')

const folder = path.join(root, '.platforms')

/** The folder `name` of the cache; `fill` makes its content the first time, all or nothing. */
function cached(name, fill) {
  const place = path.join(folder, name)
  if (!fs.existsSync(place)) {
    const draft = `${place}.part`
    fs.rmSync(draft, { recursive: true, force: true })
    fs.mkdirSync(draft, { recursive: true })
    fill(draft)
    fs.renameSync(draft, place)
  }
  return place
}

/** An npm package, unpacked, none of its scripts run. */
function npmPackage(spec) {
  need('npm', 'it comes with Node')
  return cached(spec.replaceAll(/[@/]/g, '_'), (place) => {
    run('npm', ['pack', '--silent', '--ignore-scripts', spec], { cwd: place })
    const [tarball] = fs.readdirSync(place)
    run('tar', ['xzf', tarball, '--strip-components=1'], { cwd: place })
    fs.rmSync(path.join(place, tarball))
  })
}

function needPython() {
  need('python3', 'apt-get install python3 python3-venv')
}

/** A Python wheel made for another platform, unpacked. */
function wheel(name, version, platform) {
  needPython()
  return cached(`${name}-${version}`, (place) => {
    const choice = ['--no-deps', '--only-binary=:all:', '--platform', platform, '--python-version', '312']
    run('python3', ['-m', 'pip', 'download', '-q', ...choice, `${name}==${version}`], { cwd: place })
    const [file] = fs.readdirSync(place)
    run('python3', ['-m', 'zipfile', '-e', file, '.'], { cwd: place })
    fs.rmSync(path.join(place, file))
  })
}

/** The programs of Python packages: the folder they are in. A virtual environment cannot be moved. */
function pythonPrograms(...specs) {
  needPython()
  const place = path.join(folder, specs.join('+'))
  const done = path.join(place, 'done')
  if (!fs.existsSync(done)) {
    run('python3', ['-m', 'venv', '--clear', place])
    run(path.join(place, 'bin', 'pip'), ['install', '-q', ...specs])
    fs.writeFileSync(done, '')
  }
  return path.join(place, 'bin')
}

module.exports = { cached, folder, npmPackage, pythonPrograms, wheel }
