'use strict'

// Rewrites an ELF library for x86-64 whose relative relocations are packed (DT_RELR, since 2022)
// so that an older musl, before 1.2.4, can load it. For tests alone.
//
// The packed table names places that hold an offset to which the load address is to be added. An
// entry of the old kind (Elf64_Rela) says the same in 24 bytes. The new table goes to the end of
// the file, mapped by a segment that takes the place of a note, which nobody needs to run.

const fs = require('node:fs')

const PT_LOAD = 1
const PT_NOTE = 4
const READABLE = 4
const HEADER_SIZE = 56
const R_X86_64_RELATIVE = 8n
const PAGE = 4096n
const Tag = { END: 0n, RELA: 7n, RELASZ: 8n, RELRSZ: 35n, RELR: 36n, RELRENT: 37n, RELACOUNT: 0x6ffffff9n }
/** A tag that no loader knows, and so ignores. */
const IGNORED = 0x6ffffef0n

function unpackRelocations(file) {
  const elf = fs.readFileSync(file)
  const segments = readSegments(elf)
  const dynamic = readDynamic(elf, segments)
  const relr = dynamic.get(Tag.RELR)
  if (relr === undefined) return
  const offsetOf = (address) => {
    const home = segments.find(
      (s) => s.type === PT_LOAD && address >= s.address && address < s.address + s.fileSize,
    )
    return Number(address - home.address + home.offset)
  }
  const places = [...unpack(elf, offsetOf(relr.value), Number(dynamic.get(Tag.RELRSZ).value))]
  const entries = Buffer.alloc(places.length * 24)
  places.forEach((place, index) => {
    entries.writeBigUInt64LE(place, index * 24)
    entries.writeBigUInt64LE(R_X86_64_RELATIVE, index * 24 + 8)
    entries.writeBigUInt64LE(elf.readBigUInt64LE(offsetOf(place)), index * 24 + 16)
  })
  const rela = dynamic.get(Tag.RELA)
  const old = rela
    ? elf.subarray(offsetOf(rela.value), offsetOf(rela.value) + Number(dynamic.get(Tag.RELASZ).value))
    : Buffer.alloc(0)
  // Relative relocations come first, as DT_RELACOUNT has it.
  const table = Buffer.concat([entries, old])

  const top = segments.findLast((s) => s.type === PT_LOAD)
  const end = top.address + top.memorySize
  const padding = Buffer.alloc(Number(-BigInt(elf.length) & (PAGE - 1n)))
  const offset = BigInt(elf.length + padding.length)
  const address = (end + 2n * PAGE - 1n) & -PAGE
  replaceNote(elf, segments, { offset, address, size: BigInt(table.length) })

  const set = (tag, value, as = tag) => {
    const { at } = dynamic.get(tag)
    elf.writeBigInt64LE(as, at)
    elf.writeBigUInt64LE(value, at + 8)
  }
  set(rela ? Tag.RELA : Tag.RELR, address, Tag.RELA)
  set(rela ? Tag.RELASZ : Tag.RELRSZ, BigInt(table.length), Tag.RELASZ)
  if (dynamic.has(Tag.RELACOUNT)) {
    set(Tag.RELACOUNT, dynamic.get(Tag.RELACOUNT).value + BigInt(places.length))
  }
  if (rela) for (const tag of [Tag.RELR, Tag.RELRSZ]) set(tag, 0n, IGNORED + tag)
  set(Tag.RELRENT, 0n, IGNORED + Tag.RELRENT)
  fs.writeFileSync(file, Buffer.concat([elf, padding, table]))
}

function readSegments(elf) {
  const start = Number(elf.readBigUInt64LE(32))
  const count = elf.readUInt16LE(56)
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * HEADER_SIZE
    return {
      at,
      type: elf.readUInt32LE(at),
      offset: elf.readBigUInt64LE(at + 8),
      address: elf.readBigUInt64LE(at + 16),
      fileSize: elf.readBigUInt64LE(at + 32),
      memorySize: elf.readBigUInt64LE(at + 40),
    }
  })
}

function readDynamic(elf, segments) {
  const PT_DYNAMIC = 2
  const { offset, fileSize } = segments.find((s) => s.type === PT_DYNAMIC)
  const entries = new Map()
  for (let at = Number(offset); at < Number(offset + fileSize); at += 16) {
    const tag = elf.readBigInt64LE(at)
    if (tag === Tag.END) break
    entries.set(tag, { at, value: elf.readBigUInt64LE(at + 8) })
  }
  return entries
}

/** An even word is a place; an odd one is a bitmap of the 63 words after the last place. */
function* unpack(elf, start, size) {
  let next = 0n
  for (let at = start; at < start + size; at += 8) {
    const word = elf.readBigUInt64LE(at)
    if ((word & 1n) === 0n) {
      yield word
      next = word + 8n
    } else {
      for (let bit = 1n; bit < 64n; bit++) if ((word >> bit) & 1n) yield next + 8n * (bit - 1n)
      next += 63n * 8n
    }
  }
}

/** Loadable segments stand in the order of their addresses, so the new one goes to the end. */
function replaceNote(elf, segments, { offset, address, size }) {
  const note = segments.findLast((s) => s.type === PT_NOTE)
  if (!note) throw new Error('no program header to spare')
  const last = segments.at(-1).at
  elf.copyWithin(note.at, note.at + HEADER_SIZE, last + HEADER_SIZE)
  elf.writeUInt32LE(PT_LOAD, last)
  elf.writeUInt32LE(READABLE, last + 4)
  for (const [field, value] of [offset, address, address, size, size, PAGE].entries()) {
    elf.writeBigUInt64LE(value, last + 8 + field * 8)
  }
}

module.exports = { unpackRelocations }
