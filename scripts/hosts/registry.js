'use strict'

// A registry on loopback that has the packages of a release: that of this platform with its addon,
// those of the others with a text in its place. Run with a folder of tarballs; prints its port.

const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const [folder] = process.argv.slice(2)

const packages = new Map(
  fs.readdirSync(folder).map((file) => {
    const bytes = fs.readFileSync(path.join(folder, file))
    const { stdout } = spawnSync('tar', ['xzOf', path.join(folder, file), 'package/package.json'])
    const manifest = JSON.parse(stdout)
    const digest = crypto.createHash('sha512').update(bytes).digest('base64')
    return [manifest.name, { bytes, file, integrity: `sha512-${digest}`, manifest }]
  }),
)

const server = http.createServer(({ url }, response) => {
  const name = decodeURIComponent(url.slice(1).split('/-/')[0])
  const found = packages.get(name)
  if (found === undefined) return response.writeHead(404).end('{}')
  if (url.includes('/-/')) return response.end(found.bytes)
  const { file, integrity, manifest } = found
  const { port } = server.address()
  const dist = { integrity, tarball: `http://127.0.0.1:${port}/${name}/-/${file}` }
  const { version } = manifest
  const time = {
    created: '2020-01-01T00:00:00.000Z',
    modified: '2020-01-01T00:00:00.000Z',
    [version]: '2020-01-01T00:00:00.000Z',
  }
  const packument = {
    name,
    'dist-tags': { latest: version },
    time,
    versions: { [version]: { ...manifest, dist } },
  }
  response.setHeader('content-type', 'application/json').end(JSON.stringify(packument))
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume().on('end', () => process.exit())
