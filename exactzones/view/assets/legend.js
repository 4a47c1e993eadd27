// The legends of colours and marks.

const SOLID_MARKS = { circle: '●', square: '■', diamond: '◆', cross: '✚', x: '✖' };
const FLAT_MARKS = { circle: '●', square: '■', triangle: '▲', diamond: '◆', cross: '✚' };
const NAMED = 10; // islands listed in the legend

/** The legend of a colouring; that of islands is their list. */
function legendOf(colouring, space) {
  if (colouring.continuous) {
    const [low, high] = colouring.range.map((end) => rounded(end)), ramp = { background: `linear-gradient(90deg, ${VIRIDIS.join(',')})` };
    return [el('div', { class: 'ramp', style: ramp, role: 'img', 'aria-label': `from dark violet, ${low}, by green to yellow, ${high}` }), el('div', { class: 'ends' }, el('span', {}, low), el('span', {}, `${high} (in the window)`))];
  }
  if (colouring.mode === 'pattern') return [el('p', { class: 'hint' }, 'Every zone has its own activation pattern; zones that touch have different colours.')];
  if (colouring.mode === 'island') return [];
  const count = counted(space.colours.maps, 'function');
  return [el('p', { class: 'hint' }, `${count} of the input: zones that touch have the same colour if the network computes the same function on both.`)];
}

/** The legend of the data points, with the number of them in zones. */
function dataLegend({ at, away, label, labels, off, zone }, dim) {
  const marks = Object.values(dim === 3 ? SOLID_MARKS : FLAT_MARKS), aside = off.filter(Boolean).length;
  const within = (chosen) => zone.filter((one, k) => one >= 0 && chosen(k)).length.toLocaleString('en');
  const items = labels.map((name, which) => `${marks[which % marks.length]} ${name}: ${label.filter((one) => one === which).length.toLocaleString('en')}, ${within((k) => label[k] === which)} in zones`);
  if (!labels.length) items.push(`${within(() => true)} of ${(at.length - aside).toLocaleString('en')} in zones`);
  const size = (text) => Number(text.replace('~', '')), farthest = away.reduce((one, other) => (size(other) > size(one) ? other : one), '0');
  if (aside) items.push(`${counted(aside, 'point')} off the slice (faint), up to ${farthest} from it, drawn at the nearest point of the slice; not counted`);
  return el('ul', { class: 'legend' }, ...items.map((item) => el('li', {}, item)));
}
