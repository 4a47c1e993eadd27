// Exact numbers arrive as text and are shown unchanged, or rounded and marked with ≈ where space is short.

const ROOM = 16;

/** A float close to "p/q" or "a+b*sqrt(c)", whose integers may have any number of digits. */
function approximate(exact) {
  if (exact.includes('sqrt')) {
    return exact.match(/[+-]?[^+-]+/g).reduce((sum, term) => {
      const [, factor, radicand = '1'] = term.match(/^([+-]?[^*s]*)\*?(?:sqrt\((\d+)\))?/);
      return sum + approximate(/\d/.test(factor) ? factor.replace('+', '') : `${factor.replace('+', '')}1`) * Math.sqrt(Number(radicand));
    }, 0);
  }
  const [p, q = '1'] = exact.split('/');
  const [above, below] = [p, q].map((digits) => digits.slice(0, 18));
  return (Number(above) / Number(below)) * 10 ** (p.length - above.length - (q.length - below.length));
}

function rounded(value, digits = 5) {
  const written = Number(value.toPrecision(digits));
  return (Math.abs(written) >= 1e6 || (written && Math.abs(written) < 1e-4) ? written.toExponential() : String(written)).replaceAll('-', '−');
}

const minus = (text) => text.replaceAll('-', '−');
const pointText = (entries) => `(${entries.map(minus).join(', ')})`;
const briefPoint = (entries, room = ROOM) =>
  entries.some((entry) => entry.length > room) ? `≈ (${entries.map((entry) => rounded(approximate(entry))).join(', ')})` : pointText(entries);

/** "2 x0 − x1" from coefficients as text. */
function terms(coefficients, names) {
  const parts = [];
  coefficients.forEach((entry, k) => {
    const sum = /.[+-]/.test(entry) && entry.includes('sqrt'), size = sum ? `(${entry})` : entry.replace(/^-/, '');
    if (size !== '0') parts.push(`${entry[0] === '-' && !sum ? '−' : '+'} ${size === '1' ? '' : `${minus(size)} `}${names[k]}`);
  });
  return parts.join(' ').replace(/^\+ /, '').replace(/^− /, '−') || '0';
}

const negated = (entry) => (/.[+-]/.test(entry) && entry.includes('sqrt') ? `-(${entry})` : entry[0] === '-' ? entry.slice(1) : entry === '0' ? entry : `-${entry}`);
const SIGNS = { '>=': '≥', '>': '>', '=': '=' };

/** An inequality b + a . x >= 0 with the constant on the right. */
const inequality = ([constant, ...slope], relation, names) => `${terms(slope, names)} ${SIGNS[relation]} ${minus(negated(constant))}`;

/** The same, but long coefficients are divided by the largest one, rounded, and marked with ≈. */
function briefInequality(row, relation, names) {
  if (row.every((entry) => entry.length <= ROOM)) return inequality(row, relation, names);
  const longest = Math.max(...row.slice(1).map((entry) => entry.split('/')[0].length));
  const scaled = row.map((entry) => approximate(entry) / 10 ** Math.min(longest, 300));
  const largest = Math.max(...scaled.slice(1).map(Math.abs));
  return `≈ ${inequality(scaled.map((entry) => rounded(entry / largest, 4).replaceAll('−', '-')), relation, names)}`;
}

/** An affine function b + a . x. */
function affine([constant, ...slope], names) {
  const linear = terms(slope, names);
  if (constant === '0') return linear;
  return linear === '0' ? minus(constant) : `${linear} ${constant[0] === '-' ? '−' : '+'} ${minus(constant.replace(/^-/, ''))}`;
}

/** The same, but long coefficients are rounded and marked with ≈. */
const briefAffine = (row, names) =>
  row.every((entry) => entry.length <= ROOM) ? affine(row, names) : `≈ ${affine(row.map((entry) => rounded(approximate(entry)).replaceAll('−', '-')), names)}`;

/** Two ways to write numbers: with all digits, or rounded where they are long. */
const WRITING = {
  exact: { point: pointText, inequality, affine },
  brief: { point: (entries) => briefPoint(entries), inequality: briefInequality, affine: briefAffine },
};

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

/** Unpack data embedded in the file: JSON, compressed with gzip, in base64. */
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).json();
}
