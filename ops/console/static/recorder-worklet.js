// Runs beside the sound: gathers samples of one channel into pieces of about 40 ms, each with its power, peak and clipping.
"use strict";
const PIECE = 2048;
const CLIPPED = 0.999;

class RecorderProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(PIECE);
    this.filled = 0;
    this.port.onmessage = ({ data }) => {
      if (data === "start") this.filled = 0; // what was heard before is not recorded
      if (data === "flush") this.tell(true);
    };
  }

  tell(flushed) {
    const samples = this.piece.slice(0, this.filled);
    let power = 0, peak = 0, clipped = 0;
    for (const sample of samples) {
      const size = Math.abs(sample);
      power += sample * sample;
      if (size > peak) peak = size;
      if (size >= CLIPPED) clipped += 1;
    }
    this.filled = 0;
    this.port.postMessage({ samples, power, peak, clipped, flushed }, [samples.buffer]);
  }

  process([input]) {
    const [channel] = input;
    if (!channel) return true;
    for (const sample of channel) {
      this.piece[this.filled] = sample;
      this.filled += 1;
      if (this.filled === PIECE) this.tell(false);
    }
    return true;
  }
}
registerProcessor("recorder", RecorderProcessor);
