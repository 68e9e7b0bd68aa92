// gnuspeech.mjs synthesises a list of clips with GnuSpeech; make.py calls it.
//
//   node gnuspeech.mjs PACKAGE JOBS.json
//
// PACKAGE is the folder of the npm package @echogarden/gnuspeech-wasm 0.3.0 with
// its dependency installed. A job: {text, voice, tempo, tract (cm), file}.
import { readFileSync, writeFileSync } from 'fs'

const [dir, jobs] = process.argv.slice(2)
const { default: load } = await import(`${dir}/wasm/gnuspeech.js`)
const { wrapEmscriptenModuleHeap } = await import(`${dir}/node_modules/wasm-heap-manager/dist/exports/WasmHeapManager.js`)
const data = '/data/en'
const gnuspeech = await load()
const heap = wrapEmscriptenModuleHeap(gnuspeech)
const read = name => gnuspeech.FS.readFile(`${data}/${name}`, { encoding: 'utf8' })
const model = read('trm_control_model.txt')

for (const job of JSON.parse(readFileSync(jobs, 'utf8'))) {
	const voice = read(`voice_${job.voice}.txt`)
	gnuspeech.FS.writeFile(`${data}/voice_used.txt`, voice.replace(/vocal_tract_length = .*/, `vocal_tract_length = ${job.tract}`))
	gnuspeech.FS.writeFile(`${data}/trm_control_model.txt`, model.replace(/^voice_name = .*$/m, 'voice_name = used').replace(/^tempo = .*$/m, `tempo = ${job.tempo}`))
	const args = [job.text, './out.wav', data, './out.txt'].map(s => heap.allocNullTerminatedUtf8String(s))
	gnuspeech._GnuSpeech_synthesizeToFile(...args.map(a => a.address), false)
	args.forEach(a => a.free())
	writeFileSync(job.file, gnuspeech.FS.readFile('./out.wav'))
}
