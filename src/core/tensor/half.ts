/** The number that 16 bits mean as IEEE 754 binary16. */
export function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const float32 = new Float32Array(1);
const float32Bits = new Uint32Array(float32.buffer);

/** The bits of the nearest IEEE 754 binary16, ties to even. */
export function encodeHalf(value: number): number {
  float32[0] = value;
  const bits = float32Bits[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    // 65536 and beyond, infinity, NaN.
    return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  }
  if (magnitude < 0x38800000) {
    // Below the smallest normal number, 2⁻¹⁴: counted in steps of 2⁻²⁴.
    return sign | roundHalfEven(Math.abs(float32[0] as number) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The nearest whole number, halves to the even one, as numpy and torch round; NaN becomes 0. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  if (Number.isNaN(rounded)) return 0;
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
