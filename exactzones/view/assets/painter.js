// Fills polygons with WebGL, tens of thousands per frame; without WebGL, slowly, on a 2-D canvas.

const VERTEX = `#version 300 es
in vec4 place;  // x, y, and their rounding errors as 32-bit floats, so that deep zooms stay sharp
in float shade;
uniform vec4 centre;
uniform vec2 scale;
out float at;
void main() {
  vec2 away = (place.xy - centre.xy) + (place.zw - centre.zw);
  gl_Position = vec4(away * scale, 0.0, 1.0);
  at = shade;
}`;
const FRAGMENT = `#version 300 es
precision highp float;
in float at;
uniform sampler2D ramp;
uniform vec4 line;
out vec4 colour;
void main() { colour = line.a > 0.0 ? vec4(line.rgb * line.a, line.a) : texture(ramp, vec2(at, 0.5)); }`;

/** The canvas position of a point of the plane. */
const onto = (canvas, view, [x, y]) => [canvas.width / 2 + (x - view.x) * view.kx, canvas.height / 2 - (y - view.y) * view.ky];

class Painter {
  constructor() {
    this.canvas = document.createElement('canvas');
    const gl = (this.gl = this.canvas.getContext('webgl2', { antialias: true }));
    this.buffers = new WeakMap();
    if (!gl) return;
    const program = (this.program = gl.createProgram());
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    for (const which of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, which, gl.NEAREST);
    for (const which of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, which, gl.CLAMP_TO_EDGE);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** The buffers of a shape, with the current places on the colour ramp. */
  prepared(shape, places) {
    const gl = this.gl;
    let known = this.buffers.get(shape);
    if (!known) {
      known = { array: gl.createVertexArray(), shades: gl.createBuffer(), fans: gl.createBuffer(), edges: gl.createBuffer() };
      this.buffers.set(shape, known);
      gl.bindVertexArray(known.array);
      const split = new Float32Array(shape.points.length * 2);
      for (let k = 0; k < shape.points.length; k += 2)
        for (let axis = 0; axis < 2; axis++) {
          const entry = shape.points[k + axis];
          split[2 * k + axis] = entry;
          split[2 * k + 2 + axis] = entry - Math.fround(entry);
        }
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ARRAY_BUFFER, split, gl.STATIC_DRAW);
      this.attribute('place', 4);
      gl.bindBuffer(gl.ARRAY_BUFFER, known.shades);
      gl.bufferData(gl.ARRAY_BUFFER, shape.zoneOf.length * 4, gl.DYNAMIC_DRAW);
      this.attribute('shade', 1);
      const { triangles, edges } = shape;
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, known.fans);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, known.edges);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, edges, gl.STATIC_DRAW);
    }
    gl.bindVertexArray(known.array);
    if (known.places !== places) {
      known.places = places;
      gl.bindBuffer(gl.ARRAY_BUFFER, known.shades);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, places);
    }
    return known;
  }

  attribute(name, size) {
    const at = this.gl.getAttribLocation(this.program, name);
    this.gl.enableVertexAttribArray(at);
    this.gl.vertexAttribPointer(at, size, this.gl.FLOAT, false, 0, 0);
  }

  /** Draw a shape onto a canvas as large as `area`. */
  draw(context, area, view, shape, places, ramp, { opacity = 1, edge = '#ffffff', edges = 0 } = {}) {
    if (!shape.zoneOf.length) return;
    context.globalAlpha = opacity;
    if (this.gl) {
      this.render(area, view, shape, places, ramp, edge, edges);
      context.drawImage(this.canvas, 0, 0);
    } else this.without(context, view, shape, places, ramp, edge, edges);
    context.globalAlpha = 1;
  }

  render(area, view, shape, places, ramp, edge, edges) {
    const gl = this.gl;
    if (this.canvas.width !== area.width || this.canvas.height !== area.height) Object.assign(this.canvas, { width: area.width, height: area.height });
    gl.viewport(0, 0, area.width, area.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const known = this.prepared(shape, places);
    if (this.ramp !== ramp) {
      this.ramp = ramp;
      const bytes = Uint8Array.from(ramp.flatMap((colour) => [...channels(colour), 255]));
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    }
    const uniform = (name) => gl.getUniformLocation(this.program, name);
    const [x, y] = [Math.fround(view.x), Math.fround(view.y)];
    gl.uniform4f(uniform('centre'), x, y, view.x - x, view.y - y);
    gl.uniform2f(uniform('scale'), (2 * view.kx) / area.width, (2 * view.ky) / area.height);
    gl.uniform4f(uniform('line'), 0, 0, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, known.fans);
    gl.drawElements(gl.TRIANGLES, shape.triangles.length, gl.UNSIGNED_INT, 0);
    if (edges > 0) {
      gl.uniform4f(uniform('line'), ...channels(edge).map((entry) => entry / 255), edges);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, known.edges);
      gl.drawElements(gl.LINES, shape.edges.length, gl.UNSIGNED_INT, 0);
    }
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits until the GPU has finished, because the caller measures the time
  }

  without(context, view, shape, places, ramp, edge, edges) {
    context.strokeStyle = edge;
    for (let ring = 0; ring < shape.ringCount; ring++) {
      const corners = shape.ring(ring);
      context.beginPath();
      for (const at of corners) context.lineTo(...onto(context.canvas, view, at));
      context.closePath();
      context.fillStyle = colourAt(ramp, places[shape.firstCorner[ring]]);
      context.fill();
      if (edges > 0) context.stroke();
    }
  }
}
