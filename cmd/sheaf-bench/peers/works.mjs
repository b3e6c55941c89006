// The works of `sheaf-bench crdt`, written in the primitives of an engine.
// Each takes an input and returns a function to be timed, which returns what a
// program would go on to hold and a function that says the text.

// NotDone says why an engine is not given a work.
export class NotDone extends Error {}

const first = 0xdeadbeef; // who types a history
const reader = 0xfffffff0; // who only merges; nobody else has this id

function typeAll(e, doc, typed) {
  for (const edits of typed) e.edit(doc, edits);
}

// updatesOf returns what an engine sends for the same typing.
function updatesOf(e, typed) {
  const doc = e.create(first);
  const out = [];
  e.onUpdate(doc, (u) => out.push(u.slice()));
  typeAll(e, doc, typed);
  return out;
}

// concurrent returns what the agents of a concurrent history send.
function concurrent(e, steps) {
  if (!steps) throw new NotDone("has no form for this engine");
  const agents = 1 + Math.max(...steps.map((s) => s.agent));
  const docs = Array.from({ length: agents }, (_, i) => e.create(i + 1));
  const sent = docs.map(() => []);
  const held = docs.map(() => docs.map(() => 0));
  docs.forEach((doc, i) => e.onUpdate(doc, (u) => (sent[i].last = u.slice())));
  const all = [];
  for (const { agent, seen, edits } of steps) {
    seen.forEach((n, of) => {
      if (of === agent) return;
      while (held[agent][of] < n) e.apply(docs[agent], sent[of][held[agent][of]++], 1);
    });
    sent[agent].last = undefined;
    e.edit(docs[agent], edits);
    sent[agent].push(sent[agent].last);
    all.push(sent[agent].last);
  }
  return { updates: all, docs };
}

const foreign = (e) => e.shares !== "yjs";

// load times the merging of updates and the reading of the text.
const load = (e, updates, format, bytes) => () => {
  const doc = e.create(reader);
  for (const u of updates) e.apply(doc, u, format);
  const text = e.text(doc);
  return { kept: [doc, text], text: () => text, bytes: bytes ?? updates.reduce((n, u) => n + u.length, 0) };
};

// stateOf returns the state of a history in the engine's format.
function stateOf(e, input, inputs) {
  if (!foreign(e)) return input.updates[0];
  if (input.format === 2) throw new NotDone("has a format of its own: see the line above");
  const doc = e.create(first);
  typeAll(e, doc, inputs("b4-local").typed[0]);
  return e.state(doc);
}

const loadState = (e, input, inputs) => load(e, [stateOf(e, input, inputs)], input.format);

// encodeState loads a state and encodes it again.
const encodeState = (e, input, inputs) => {
  const state = stateOf(e, input, inputs);
  return () => {
    const doc = e.create(reader);
    e.apply(doc, state, input.format);
    const again = e.state(doc, input.format);
    return { kept: again, bytes: again.length, text: () => load(e, [again], input.format)().text() };
  };
};

// encodeAtRest loads a state and makes of it what an engine keeps of a document that
// nobody edits.
const encodeAtRest = (e, input, inputs) => {
  if (!e.rest) throw new NotDone("has no form at rest but its state: see b4-size and b4-size-v2");
  const state = stateOf(e, input, inputs);
  return () => {
    const doc = e.create(reader);
    e.apply(doc, state, input.format);
    const again = e.rest(doc);
    return { kept: again, bytes: again.length, text: () => load(e, [again], input.format)().text() };
  };
};

function loadFile(e, input) {
  if (foreign(e)) throw new NotDone("reads no Yjs updates");
  return load(e, input.updates, input.format);
}

const sent = (e, input) => () => {
  const [a, b] = [e.create(1), e.create(2)];
  let bytes = 0;
  e.onUpdate(a, (u) => {
    bytes += u.length;
    e.apply(b, u, 1);
  });
  typeAll(e, a, input.typed[0]);
  return { kept: [a, b], text: () => same(e, [a, b]), bytes };
};

const exchanged = (e, input) => () => {
  const docs = [e.create(1), e.create(2)];
  e.edit(docs[0], [[0, 0, input.start]]);
  e.apply(docs[1], e.state(docs[0], 1), 1);
  const out = [[], []];
  docs.forEach((doc, i) => {
    const cancel = e.onUpdate(doc, (u) => out[i].push(u));
    typeAll(e, doc, input.typed[i]);
    cancel();
  });
  docs.forEach((doc, i) => out[1 - i].forEach((u) => e.apply(doc, u, 1)));
  return { kept: docs, text: () => same(e, docs), bytes: out.flat().reduce((n, u) => n + u.length, 0) };
};

function same(e, docs) {
  const [a, b] = docs.map((d) => e.text(d));
  if (a !== b) throw new Error("the replicas differ");
  return a;
}

export const works = {
  "b4-local": (e, input) => () => {
    const doc = e.create(first);
    let bytes = 0;
    e.onUpdate(doc, (u) => (bytes += u.length));
    typeAll(e, doc, input.typed[0]);
    const text = e.text(doc);
    return { kept: [doc, text], text: () => text, bytes };
  },
  "b4-load-v1": loadState,
  "b4-load-v2": loadState,
  "b4-size": encodeState,
  "b4-size-v2": encodeState,
  "b4-rest": encodeAtRest,
  "b4-remote": (e, input, inputs) =>
    load(e, foreign(e) ? updatesOf(e, inputs("b4-local").typed[0]) : input.updates, 1),
  "b4-merge": (e, input) => {
    if (!e.merge) throw new NotDone("does not merge without a document");
    return () => {
      const merged = e.merge(input.updates);
      return { kept: merged, bytes: merged.length, text: () => load(e, [merged], 1)().text() };
    };
  },
  "friends-remote": (e, input) =>
    load(e, foreign(e) ? concurrent(e, input.steps).updates : input.updates, 1),
  "friends-merged": (e, input, inputs) => {
    if (!foreign(e)) return load(e, input.updates, 1);
    const doc = e.create(reader);
    for (const u of concurrent(e, inputs("friends-remote").steps).updates) e.apply(doc, u, 1);
    return load(e, [e.state(doc)], 1);
  },
  "b1-append": sent,
  "b1-prepend": sent,
  "b1-random": sent,
  "b2-concurrent": exchanged,
  "b3-clients": (e, input) => {
    if (!foreign(e)) return load(e, input.updates, 1);
    const updates = input.typed.map((typed, i) => {
      const doc = e.create(i + 1);
      let update;
      e.onUpdate(doc, (u) => (update = u.slice()));
      typeAll(e, doc, typed);
      return update;
    });
    return load(e, updates, 1);
  },
  "s3-load": loadFile,
  "a1-load": loadFile,
};

// agrees tells whether an engine must end in the very text that Yjs ends in:
// where two wrote at one place, only engines of one kind agree on who is first.
export const agrees = (e, work) => !foreign(e) || !/^(b2|b3|friends)/.test(work);
