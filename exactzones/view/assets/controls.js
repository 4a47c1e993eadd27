// The panels beside the picture: colours, islands, data points, the cards of the chosen zones.

const ALL_ISLANDS = 500; // islands listed at most
const KEYS = [['+ −', 'zoom'], ['0', 'show everything'], ['n p', 'next, previous zone'], ['e', 'next island without data points'], ['h', 'hide or show the selected zones'], ['c', 'next colouring'], ['Esc', 'clear the selection']];

const button = (text, act, title) => el('button', { type: 'button', title, onclick: act }, text);

class Controls {
  constructor(page) {
    this.page = page;
    const { main, scene, shape } = page, section = (id, ...children) => document.getElementById(id).append(...children.filter(Boolean));
    this.legendBox = el('div');
    this.islandBox = el('div');
    this.listed = NAMED;
    if (shape.count) section('colouring', this.modes(), this.legendBox, main.dim === 3 && this.opacity());
    if (scene.data) section('colouring', ...this.data());
    section('colouring', ...this.holes());
    if (shape.count) section('islands', el('h2', {}, 'Islands'), this.islandBox);
    if (shape.count) section('chosen', ...this.chooser());
    if (page.panels.length) section('latents', el('h2', {}, 'Latent spaces (the main picture shows the input space, α)'), ...page.panels.map(({ element }) => element));
    if (scene.flat) section('position', el('details', {}, el('summary', {}, 'position of the slice in the input space'),
      list(scene.flat.rows.map((row, k) => [scene.flat.names[k], row]), ([name, row]) => `${name} = ${affine(row, scene.letters)}`)));
    section('keys', ...this.keys());
    document.getElementById('stage').append(this.tools());
    const hollow = page.hollow ? ['There are many solids, so only their outer surface is drawn; a hidden one is shown when it is selected.'] : [];
    section('notes', ...[...scene.notes, ...hollow].map((note) => el('li', {}, note)));
    if (!shape.count) section('picture', el('div', { class: 'silent' }, el('strong', {}, scene.silent)));
    this.legend();
  }

  modes() {
    const { page } = this;
    const radio = (mode) => el('label', {}, el('input', { type: 'radio', name: 'colour', value: mode, checked: mode === page.mode, onchange: () => page.colour(mode) }), COLOURINGS[mode]);
    return el('fieldset', {}, el('legend', {}, 'Colour by'), ...MODES.map(radio));
  }

  opacity() {
    const { page } = this;
    const range = el('input', { type: 'range', min: 0.05, max: 1, step: 0.05, value: page.opacity, oninput: () => ((page.opacity = range.valueAsNumber), page.redraw()) });
    return el('label', { class: 'row' }, 'opacity', range);
  }

  data() {
    const { page } = this, { data } = page.scene, count = data.empty.length;
    const toggle = el('input', { type: 'checkbox', checked: page.showData, onchange: () => ((page.showData = toggle.checked), page.redraw()) });
    const lonely = count ? [el('p', { class: 'hint' }, `◌ ${count === 1 ? 'An island has' : `${count.toLocaleString('en')} islands have`} no data point in ${count === 1 ? 'it' : 'them'}. `, button('show the next', () => page.visit()))] : [];
    return [el('div', { class: 'row' }, el('label', {}, toggle, `${counted(data.at.length, 'data point')}`)), dataLegend(data, page.main.dim), ...lonely];
  }

  /** For the holes of each set, a box that switches the loops around them on and off. */
  holes() {
    const { page } = this, lines = { firing: ['where it fires', 'a loop'], complement: ['elsewhere', 'a dashed loop'] };
    return Object.entries(page.scene.holes ?? {}).map(([kind, loops]) => {
      const toggle = el('input', { type: 'checkbox', checked: Boolean(loops.length) && page.showHoles.has(kind), disabled: !loops.length, onchange: () => (page.showHoles[toggle.checked ? 'add' : 'delete'](kind), page.redraw()) });
      const [where, line] = lines[kind], count = loops.length ? counted(loops.length, 'hole') : 'no hole';
      return el('div', { class: 'row' }, el('label', {}, toggle, `${count} ${where}${loops.length ? `, with ${line} around ${loops.length > 1 ? 'each' : 'it'}` : ''}`));
    });
  }

  tools() {
    const tool = (sign, name, act) => el('button', { type: 'button', 'aria-label': name, title: name, onclick: () => act(this.page.view) }, sign);
    return el('div', { class: 'tools' }, tool('+', 'zoom in', (view) => view.zoom(1.5)), tool('−', 'zoom out', (view) => view.zoom(1 / 1.5)), tool('⌂', 'show everything', (view) => view.reset()));
  }

  keys() {
    const turns = this.page.main.dim === 3, keys = [['arrows', turns ? 'rotate' : 'pan'], ...KEYS];
    return [el('h2', {}, 'Mouse and keyboard'), el('p', { class: 'hint' },
      `Drag to ${turns ? 'rotate' : 'pan'}, use the wheel to zoom. Click a zone to select it, then another to compare the two; click outside the zones to clear the selection. Click a decimal to see the exact number.`),
      el('p', { class: 'hint' }, ...keys.flatMap(([key, what]) => [el('kbd', {}, key), ` ${what}   `]))];
  }

  legend() {
    const { page } = this;
    this.legendBox.replaceChildren(...(page.shape.count ? legendOf(page.colouring, page.main) : []));
    this.islands();
  }

  /** The islands, those without data points first, then by size; each can be switched off. */
  islands() {
    const { page, listed } = this, members = page.islands;
    const order = [...members.keys()].sort((a, b) => page.lonely.has(b) - page.lonely.has(a) || members[b].length - members[a].length || a - b);
    const items = order.slice(0, listed).map((island) => this.island(island, members[island]));
    const more = members.length - items.length, all = () => ((this.listed = ALL_ISLANDS), this.islands());
    const rest = more && el('li', {}, listed < Math.min(members.length, ALL_ISLANDS) ? button(`and ${more.toLocaleString('en')} more`, all) : `and ${more.toLocaleString('en')} more`);
    const { size } = page.state.hidden, hidden = size ? [el('p', { class: 'hint' }, `${counted(size, 'zone')} hidden. `, button('show all', () => page.switch(true)))] : [];
    const focused = this.islandBox.querySelector('input:focus')?.getAttribute('aria-label');
    this.islandBox.replaceChildren(el('ul', { class: 'legend' }, ...items, rest || null), ...hidden);
    if (focused) this.islandBox.querySelector(`[aria-label="${focused}"]`)?.focus();
  }

  island(island, zones) {
    const { page } = this, isOn = zones.some((zone) => !page.state.hidden.has(zone));
    const text = `${island}: ${counted(zones.length, page.main.owners ? 'part' : 'zone')}${page.lonely.has(island) ? ', no data point' : ''}`;
    const toggle = el('input', { type: 'checkbox', checked: isOn, 'aria-label': `draw island ${island}`, onchange: () => page.switch(!isOn, zones) });
    const swatch = page.mode === 'island' && el('span', { class: 'swatch', 'aria-hidden': 'true', style: { background: page.colouring.colour(zones[0]) } });
    return el('li', {}, toggle, swatch || null, page.main.dim === 3 ? text : button(text, () => page.show(zones), 'show this island'));
  }

  /** The controls that select a zone; they are built once, so that they keep the keyboard focus. */
  chooser() {
    const { page } = this, { count } = page.shape;
    this.number = el('input', { type: 'number', min: 0, max: count - 1, 'aria-label': 'number of the zone', placeholder: `0 to ${count - 1}`,
      onchange: (event) => { const zone = Math.round(event.target.valueAsNumber); if (zone >= 0 && zone < count) page.choose(zone); } });
    const show = page.main.dim === 3 ? null : button('show', () => page.state.chosen.length && page.show(page.state.chosen));
    const exact = el('input', { type: 'checkbox', checked: page.book.writesExactly, onchange: () => ((page.book.writesExactly = exact.checked), this.card()) });
    this.status = el('p', { class: 'spoken', role: 'status' });
    this.cards = el('div');
    const buttons = [button('previous', () => page.step(-1)), this.number, button('next', () => page.step(1)), show, button('hide', () => page.switch(false, page.state.chosen)), button('clear', () => page.choose()), el('label', {}, exact, 'exact')];
    return [el('h2', {}, 'Zone'), el('div', { class: 'row' }, ...buttons.filter(Boolean)), this.status, this.cards];
  }

  card() {
    const { page } = this, [a, b] = page.state.chosen, { book } = page;
    if (!this.cards) return;
    this.number.value = a ?? '';
    this.status.textContent = [a, b].filter((zone) => zone !== undefined).map((zone) => book.heading(zone)).join('; ');
    const hint = a === undefined ? 'Select a zone: click it or enter its number. Then click another to see what the two share.' : book.exact ? '' : 'Loading the exact numbers.';
    if (hint) return this.cards.replaceChildren(el('p', { class: 'hint' }, hint));
    const flips = b === undefined ? [] : book.differing(a, b);
    const card = (zone, swatch) => book.zone(zone, { swatch, flips, go: (other) => page.choose(zone, other) }).filter(Boolean);
    this.cards.replaceChildren(...(b === undefined ? [] : book.pair(a, b)), ...card(a, page.colours.accent), ...(b === undefined ? [] : card(b, page.colours.second)));
  }
}

/** The sliders of the inputs that are held fixed: each position has a scene of its own in the file. */
function slide(first) {
  const { slider } = first.scene;
  if (!slider) return;
  let [page, at, wanted, loading] = [first, [...slider.at], null, null];
  const step = async () => {
    while (wanted) {
      const number = wanted.reduce((sum, entry, k) => sum * slider.inputs[k].values.length + entry, 0);
      wanted = null;
      page = await open(`-${number}`, page);
      tell(page.scene.said);
    }
    loading = null;
  };
  const ranges = slider.inputs.map(({ name, values }, k) => {
    const value = el('output', { class: 'exact' }, briefNumber(values[at[k]]));
    const range = el('input', { type: 'range', min: 0, max: values.length - 1, step: 1, value: at[k], 'aria-valuetext': values[at[k]], oninput: () => {
      at[k] = range.valueAsNumber;
      value.textContent = briefNumber(values[at[k]]);
      range.setAttribute('aria-valuetext', values[at[k]]);
      wanted = [...at];
      loading ??= step();
    } });
    return el('label', { class: 'row' }, el('span', {}, name), range, value);
  });
  document.getElementById('slider').append(el('h2', {}, 'Held fixed'), ...ranges);
}

/** Show what is said of the zones at another position of the slider. */
function tell({ verdict, facts }) {
  document.getElementById('verdict').textContent = verdict;
  document.querySelector('#facts dl').replaceChildren(...facts.flatMap(([term, value]) => pair(term, value)));
}
