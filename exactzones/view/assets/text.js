// Exact numbers arrive as text. They are shown as decimals, which a ~ marks where they are rounded, or unchanged where one asks for that.

const DIGITS = 5; // significant digits of a decimal
const WHOLE = 7; // an integer with more characters is rounded

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

function rounded(value, digits = DIGITS) {
  const written = Number(value.toPrecision(digits));
  return (Math.abs(written) >= 1e6 || (written && Math.abs(written) < 1e-4) ? written.toExponential() : String(written)).replaceAll('-', '−');
}

/** Whether a decimal is equal to "p/q". */
function isEqual(decimal, exact) {
  const [, sign, whole, part = '', power = '0'] = decimal.match(/^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/) ?? [];
  if (whole === undefined || exact.includes('sqrt')) return false;
  const [p, q = '1'] = exact.split('/'), shift = Number(power) - part.length;
  const digits = BigInt(`${sign}${whole}${part}`) * 10n ** BigInt(Math.max(0, shift));
  return digits * BigInt(q) === BigInt(p) * 10n ** BigInt(Math.max(0, -shift));
}

/** A number as a decimal, and whether that is rounded. */
function decimal(exact) {
  if (/^-?\d+$/.test(exact) && exact.length <= WHOLE) return [exact, false];
  const written = rounded(approximate(exact)).replaceAll('−', '-');
  return [written, !isEqual(written, exact)];
}

/** Write a row of exact numbers as decimals; ~ marks the whole if one of them is rounded. */
function brief(row, write) {
  const decimals = row.map(decimal);
  return `${decimals.some(([, isRounded]) => isRounded) ? '~ ' : ''}${write(decimals.map(([text]) => text))}`;
}

const minus = (text) => text.replaceAll('-', '−');
const pointText = (entries) => `(${entries.map(minus).join(', ')})`;
const briefPoint = (entries) => brief(entries, pointText).replace('~ ', '~');
const briefNumber = (exact) => brief([exact], ([text]) => minus(text)).replace('~ ', '~');

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
const SIGNS = { '>=': '≥', '>': '>', '<=': '≤', '<': '<', '=': '=' }, TURNED = { '>=': '<=', '>': '<', '=': '=' };

/** A row and its relation to zero as people write it: the first slope is positive, a single rational one is 1. */
function turned(row, relation) {
  const slopes = row.slice(1).filter((entry) => entry !== '0'), isNegative = slopes.length > 0 && approximate(slopes[0]) < 0;
  const upright = isNegative ? row.map(negated) : row, sign = isNegative ? TURNED[relation] : relation;
  if (slopes.length !== 1 || row.some((entry) => entry.includes('sqrt'))) return [upright, sign];
  const parts = (entry) => [...entry.split('/').map(BigInt), 1n], [p, q] = parts(upright.slice(1).find((entry) => entry !== '0'));
  return [upright.map((entry) => { const [above, below] = parts(entry); return quotient(above * q, below * p); }), sign];
}

/** A row's relation to zero with the constant on the right. */
const inequality = ([constant, ...slope], relation, names) => `${terms(slope, names)} ${SIGNS[relation]} ${minus(negated(constant))}`;

/** The same as decimals; if it has large coefficients, divided by the largest. */
function briefInequality(row, relation, names) {
  const write = (entries) => inequality(entries, relation, names), isLarge = (entry) => Math.abs(approximate(entry)) >= 1e6;
  if (!row.some(isLarge)) return brief(row, write);
  const longest = Math.max(...row.slice(1).map((entry) => entry.split('/')[0].length));
  const scaled = row.map((entry) => approximate(entry) / 10 ** Math.min(longest, 300));
  const largest = Math.max(...scaled.slice(1).map(Math.abs)) || 1;
  return `~ ${write(scaled.map((entry) => rounded(entry / largest).replaceAll('−', '-')))}`;
}

/** An affine function b + a . x. */
function affine([constant, ...slope], names) {
  const linear = terms(slope, names);
  if (constant === '0') return linear;
  return linear === '0' ? minus(constant) : `${linear} ${constant[0] === '-' ? '−' : '+'} ${minus(constant.replace(/^-/, ''))}`;
}

const briefAffine = (row, names) => brief(row, (entries) => affine(entries, names));

/** Two ways to write numbers: with all digits, or as decimals. */
const WRITING = {
  exact: { number: minus, point: pointText, inequality, affine },
  brief: { number: briefNumber, point: briefPoint, inequality: briefInequality, affine: briefAffine },
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
