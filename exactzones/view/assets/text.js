// Exact numbers come as text and are shown as they are; where room is short, rounded and marked as such.

const ROOM = 16;

/** The nearest float to "p/q", however long p and q are. */
function approximate(exact) {
  const [above, below = '1'] = exact.split('/').map((digits) => digits.replace(/^(-?\d{1,18})\d*$/, '$1'));
  const [p, q = '1'] = exact.split('/');
  return (Number(above) / Number(below)) * 10 ** (p.length - above.length - (q.length - below.length));
}

function rounded(value, digits = 5) {
  const written = Number(value.toPrecision(digits));
  return (Math.abs(written) >= 1e6 || (written && Math.abs(written) < 1e-4) ? written.toExponential() : String(written)).replaceAll('-', '−');
}

const minus = (text) => text.replaceAll('-', '−');
const brief = (exact) => (exact.length <= ROOM ? minus(exact) : `≈ ${rounded(approximate(exact))}`);
const pointText = (entries) => `(${entries.map(minus).join(', ')})`;
const briefPoint = (entries) =>
  entries.some((entry) => entry.length > ROOM) ? `≈ (${entries.map((entry) => rounded(approximate(entry))).join(', ')})` : pointText(entries);

/** "2 x0 − x1" from coefficients as text. */
function terms(coefficients, names) {
  const found = [];
  coefficients.forEach((entry, k) => {
    const size = entry.replace(/^-/, '');
    if (size !== '0') found.push(`${entry[0] === '-' ? '−' : '+'} ${size === '1' ? '' : `${size} `}${names[k]}`);
  });
  return found.join(' ').replace(/^\+ /, '').replace(/^− /, '−') || '0';
}

const negated = (entry) => (entry[0] === '-' ? entry.slice(1) : entry === '0' ? entry : `-${entry}`);
const SIGNS = { '>=': '≥', '>': '>', '=': '=' };

/** An inequality b + a . x >= 0 as people write it. */
const inequality = ([constant, ...slope], relation, names) => `${terms(slope, names)} ${SIGNS[relation]} ${minus(negated(constant))}`;

/** The same in short: long coefficients are divided by the largest, rounded, and marked. */
function briefInequality(row, relation, names) {
  if (row.every((entry) => entry.length <= ROOM)) return inequality(row, relation, names);
  const longest = Math.max(...row.slice(1).map((entry) => entry.split('/')[0].length));
  const scaled = row.map((entry) => approximate(entry) / 10 ** Math.min(longest, 300));
  const largest = Math.max(...scaled.slice(1).map(Math.abs));
  return `≈ ${inequality(scaled.map((entry) => rounded(entry / largest, 4).replaceAll('−', '-')), relation, names)}`;
}

/** An affine function b + a . x. */
function affine([constant, ...slope], names, short = false) {
  const write = short ? (entry) => brief(entry).replace('≈ ', '~').replaceAll('−', '-') : (entry) => entry;
  const linear = terms(slope.map(write), names);
  if (constant === '0') return linear;
  const offset = write(constant);
  return linear === '0' ? minus(offset) : `${linear} ${offset[0] === '-' ? '−' : '+'} ${offset.replace(/^-/, '')}`;
}

const counted = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** A DOM element; strings become text, never markup. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(node.style, value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Data that the file carries: base64 of gzip of JSON. */
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
}
