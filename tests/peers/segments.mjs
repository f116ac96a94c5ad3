// Reads a JSON list of texts, writes a JSON list of [encoding, segments] as Twilio's calculator counts them.
// Run in the folder where the package is installed: node segments.mjs < texts.json
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const { SegmentedMessage } = createRequire(join(process.cwd(), "here.js"))("sms-segments-calculator");
const texts = JSON.parse(readFileSync(0, "utf8"));
const counted = texts.map((text) => {
  const message = new SegmentedMessage(text);
  return [message.encodingName, message.segmentsCount];
});
process.stdout.write(JSON.stringify(counted));
