// A microphone for any page: opened once, level told while it is open, and what was said between start and stop as WAV.
//   const recorder = new Recorder({ onLevel: ({ dbfs, peak, clipped }) => … });
//   await recorder.open();  recorder.start();  const { wav, seconds, rate } = await recorder.stop();  recorder.close();
"use strict";
const FLOOR_DBFS = -90;

export class Recorder {
  constructor({ onLevel = () => {}, constraints = {} } = {}) {
    this.onLevel = onLevel;
    this.constraints = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1, ...constraints };
    this.recording = false;
    this.chunks = [];
  }

  get opened() { return Boolean(this.context); }

  // Ask for the microphone; throws as getUserMedia does, and where the page is not served securely.
  async open() {
    if (this.opened) return;
    if (!navigator.mediaDevices) throw new DOMException("no microphone without a secure page", "NotSupportedError");
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: this.constraints });
    const context = new AudioContext();
    await context.audioWorklet.addModule(new URL("recorder-worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => this.hear(data);
    this.source = context.createMediaStreamSource(this.stream);
    this.source.connect(this.node);
    await context.resume();
    this.context = context;
  }

  hear({ samples, power, peak, clipped, flushed }) {
    if (samples.length) {
      if (this.recording || flushed) this.chunks.push(samples);
      this.onLevel({ dbfs: decibels(power / samples.length), peak: decibels(peak * peak), clipped: clipped / samples.length });
    }
    if (flushed && this.flushed) this.flushed();
  }

  start() {
    this.chunks = [];
    this.recording = true;
    this.node.port.postMessage("start");
  }

  // The recording as 16-bit PCM at the context's rate, mono.
  async stop() {
    const flushed = new Promise((done) => { this.flushed = done; });
    this.node.port.postMessage("flush");
    await flushed;
    this.recording = false;
    const rate = this.context.sampleRate;
    const count = this.chunks.reduce((sum, one) => sum + one.length, 0);
    const recorded = { wav: wav(this.chunks, count, rate), seconds: count / rate, rate, samples: this.chunks };
    this.chunks = [];
    return recorded;
  }

  close() {
    this.stream?.getTracks().forEach((one) => one.stop());
    this.context?.close();
    this.context = this.stream = this.node = undefined;
    this.recording = false;
  }
}

const decibels = (power) => (power > 0 ? Math.max(10 * Math.log10(power), FLOOR_DBFS) : FLOOR_DBFS);

function wav(chunks, count, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, said) => [...said].forEach((sign, place) => view.setUint8(at + place, sign.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const chunk of chunks) {
    for (const sample of chunk) {
      view.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
      at += 2;
    }
  }
  return new Blob([view.buffer], { type: "audio/wav" });
}
