// A message centre at an SMPP port, made of npm's smpp, and an HTTP port where a test says what it does and asks what came.
// node centre.mjs NODE_MODULES SMPP_PORT HTTP_PORT
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const smpp = createRequire(join(process.argv[2], "here.js"))("smpp");
const [smppPort, httpPort] = process.argv.slice(3).map(Number);
const RECEIPT = smpp.ESM_CLASS.MC_DELIVERY_RECEIPT; // 0x04
const AGAIN_MS = 200;
const came = []; // each submit_sm: what was in it, and whether it was taken
const told = []; // each receipt: of which message, and how the gateway answered it
const plans = []; // what is done with the next submit_sm, and those after it; else it is taken and delivered
const held = []; // receipts that wait until they are asked for
const bound = new Set();
const waiting = []; // what is to be called when the gateway is bound again

const moment = () => new Date().toISOString().replace(/\D/g, "").slice(2, 12);

async function aSession() {
  if (!bound.size) await new Promise((again) => waiting.push(again));
  return [...bound].at(-1);
}

const temporary = new Set([smpp.errors.ESME_RX_T_APPN, smpp.errors.ESME_RTHROTTLED]); // as while a gateway starts

// Brings one deliver_sm until it is answered, in another session where one breaks, and again where the gateway asks for
// that; the status of the last answer.
async function deliver(fields) {
  for (;;) {
    const session = await aSession();
    const answer = await new Promise((answered) => {
      session.once("close", () => answered(null));
      session.deliver_sm(fields, answered);
    });
    if (answer && !temporary.has(answer.command_status)) return answer.command_status;
    if (answer) await sleep(AGAIN_MS);
  }
}

async function receipt(pdu, id, stat) {
  const [arrived, error] = stat === "DELIVRD" ? ["001", "000"] : ["000", "069"];
  const dates = `submit date:${moment()} done date:${moment()}`;
  const words = `id:${id} sub:001 dlvrd:${arrived} ${dates} stat:${stat} err:${error} text:`;
  const ways = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: RECEIPT };
  told.push({ id, stat, status: await deliver({ ...ways, short_message: words }) });
}

async function submitted(session, pdu) {
  const { status = "ESME_ROK", drop, stat = "DELIVRD", when = "after", links = 0 } = plans.shift() ?? {};
  const code = smpp.errors[status];
  const { message, udh } = pdu.short_message;
  const taken = code === 0 && drop !== "before it is taken";
  const id = taken ? `m-${came.length + 1}` : null;
  const header = udh ? Buffer.concat(udh).toString("hex") : "";
  const { source_addr: from, destination_addr: to, data_coding: coding, registered_delivery: registered } = pdu;
  came.push({ from, to, text: message, header, coding, esm: pdu.esm_class, registered, taken, id, status });
  if (drop) {
    session.destroy();
    return;
  }
  for (let link = 0; link < links; link++) await once(session, "enquire_link");
  const reports = code === 0 && registered & 1;
  if (reports && when === "before") await receipt(pdu, id, stat);
  session.send(pdu.response(code === 0 ? { message_id: id } : { command_status: code }));
  if (when === "held") await new Promise((go) => held.push(go));
  if (reports && when !== "before") await receipt(pdu, id, stat);
}

// Somebody writes: [number, words] of each part, in UCS-2, with a header (UDH) of concatenation where there are several.
async function bring({ from, to, parts }) {
  const statuses = [];
  for (const [number, words] of parts) {
    const udh = parts.length > 1 ? Buffer.from([5, 0, 3, 7, parts.length, number]) : undefined;
    const ways = { source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: to };
    const message = Buffer.from(words, "utf16le").swap16();
    statuses.push(await deliver({ ...ways, data_coding: 8, short_message: { udh, message } }));
  }
  return statuses;
}

const server = smpp.createServer((session) => {
  session.setMaxListeners(0);
  session.on("bind_transceiver", (pdu) => {
    session.send(pdu.response());
    bound.add(session);
    for (const again of waiting.splice(0)) again();
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("close", () => bound.delete(session));
  session.on("error", () => session.destroy());
});

const deeds = {
  "GET /": () => ({ bound: bound.size, came, told }),
  "POST /plans": (wanted) => plans.push(...wanted),
  "POST /texts": bring,
  "POST /go": () => [plans.splice(0), held.splice(0).map((go) => go())],
};

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const answer = await deeds[`${request.method} ${request.url}`](body && JSON.parse(body));
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(answer));
}).listen(httpPort, "127.0.0.1", () => server.listen(smppPort, "127.0.0.1"));
