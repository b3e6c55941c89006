// The oracle's child: reads requests from stdin and writes answers to stdout,
// each as a 4-byte big-endian length and that many bytes. A request is JSON
// with a field "do"; an answer is binary (see Answer in answer.mjs). The
// process ends when stdin is closed, there being nothing else to wait for.
// Time and timers are pinned before anything that reads them is loaded.
import './clock.mjs'
import { Answer } from './answer.mjs'
import { runProgram } from './program.mjs'
import { runSecond } from './second.mjs'
import { runPresence, runFrames } from './protocols.mjs'

// Yjs reports some things on the console, which here would break the frames.
console.log = console.error

const handlers = { program: runProgram, second: runSecond, presence: runPresence, frames: runFrames }

function answer(request) {
  const out = new Answer()
  try {
    const message = JSON.parse(request)
    handlers[message.do](message, out)
  } catch (err) {
    out.fail(err)
  }
  return out.bytes()
}

const headerBytes = 4
let buffered = Buffer.alloc(0)
process.stdin.on('data', (chunk) => {
  buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
  while (buffered.length >= headerBytes) {
    const end = headerBytes + buffered.readUInt32BE(0)
    if (buffered.length < end) break
    const body = answer(buffered.toString('utf8', headerBytes, end))
    buffered = buffered.subarray(end)
    const header = Buffer.alloc(headerBytes)
    header.writeUInt32BE(body.length)
    process.stdout.write(Buffer.concat([header, body]))
  }
})
