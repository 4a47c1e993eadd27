// Axes with round numbers, and marks at data points: drawn on a 2-D canvas, not by the painter of polygons.

const MARKS = Object.keys(FLAT_MARKS);
const CROWD = 3000; // more points are drawn as dots

/** Data points in groups that are drawn alike: by label, and on the slice or off it. */
function grouped(points, data) {
  const groups = new Map();
  points.forEach((at, k) => {
    const kind = MARKS[(data.label[k] ?? 0) % MARKS.length], faint = data.off[k], key = `${kind} ${faint}`;
    if (!groups.has(key)) groups.set(key, { kind, faint, points: [] });
    groups.get(key).points.push(at);
  });
  return [...groups.values()].sort((a, b) => b.faint - a.faint);
}

/** Draw small marks at points, hollow and faint for points off the slice. `ratio`: canvas pixels per screen pixel. */
function drawMarks(context, view, ratio, groups, colours) {
  const count = groups.reduce((sum, { points }) => sum + points.length, 0), crowd = count > CROWD;
  const size = ratio * (crowd ? 1 : count > 400 ? 3 : 4), { width, height } = context.canvas;
  for (const { kind, faint, points } of groups) {
    context.beginPath();
    for (const at of points) {
      const [x, y] = onto(context.canvas, view, at);
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      if (crowd) context.rect(x - size, y - size, 2 * size, 2 * size);
      else mark(context, kind, x, y, size);
    }
    context.globalAlpha = crowd ? 0.6 : faint ? 0.45 : 1;
    context.fillStyle = colours.ink;
    context.strokeStyle = faint ? colours.ink : colours.surface;
    context.lineWidth = ratio * (faint ? 1 : 2);
    if (!crowd) context.stroke();
    if (!faint || crowd) context.fill();
    context.globalAlpha = 1;
  }
}

function mark(context, kind, x, y, size) {
  const corners = { square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], triangle: [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]],
    diamond: [[0, -1.4], [1.4, 0], [0, 1.4], [-1.4, 0]],
    cross: [[-1.3, -0.5], [-0.5, -0.5], [-0.5, -1.3], [0.5, -1.3], [0.5, -0.5], [1.3, -0.5], [1.3, 0.5], [0.5, 0.5], [0.5, 1.3], [-0.5, 1.3], [-0.5, 0.5], [-1.3, 0.5]] };
  context.moveTo(x + size, y);
  if (kind === 'circle') context.arc(x, y, size, 0, 2 * Math.PI);
  else {
    corners[kind].forEach(([dx, dy], k) => context[k ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    context.closePath();
  }
}

/** Round numbers between two bounds, as positions and texts. */
function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const marks = [];
  for (let k = Math.ceil(low / step); k * step <= high && marks.length < 50; k++) {
    const at = k * step, wide = Math.abs(at) >= 1e6 || digits > 8;
    marks.push({ at, text: (wide ? rounded(at, Math.min(16, Math.max(2, Math.ceil(Math.log10(Math.abs(at) / step || 1)) + 2))) : at.toFixed(digits).replace(/^-0(\.0*)?$/, '0')).replaceAll('-', '−') });
  }
  return marks;
}

/** Draw the frame, its ticks and the names of the axes. */
function drawAxes(plane, colours) {
  const { context, area, options } = plane;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.soft;
  context.lineWidth = 1;
  context.strokeRect(area.left, area.top, area.width, area.height);
  context.font = `${options.small ? 10 : 12}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const low = plane.from(area.left, area.top + area.height), high = plane.from(area.left + area.width, area.top);
  for (const { at, text } of ticks(low[0], high[0], area.width / (options.small ? 70 : 100))) {
    const x = plane.toX(at);
    context.strokeRect(x, area.top + area.height, 0, 4);
    context.fillText(text, x, area.top + area.height + 6);
  }
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const { at, text } of ticks(low[1], high[1], area.height / (options.small ? 45 : 70))) {
    const y = plane.toY(at);
    context.strokeRect(area.left - 4, y, 4, 0);
    context.fillText(text, area.left - 6, y);
  }
  if (options.small) return;
  context.textAlign = 'center';
  context.fillText(options.axes[0], area.left + area.width / 2, area.top + area.height + 31);
  context.translate(12, area.top + area.height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(options.axes[1], 0, 0);
}
