// IG1: the arithmetic that every device reproduces (docs/ig1.md). The same functions, in the same order of operations, as
// the Java in io.infergrid.compute.arithmetic. Every float is `precise` (NoContraction), and round to nearest even is
// declared; nothing here may use a library function, a division or a fused multiply-add.
#extension GL_EXT_spirv_intrinsics : require
#extension GL_EXT_control_flow_attributes : require
// SPV_KHR_float_controls: capability RoundingModeRTE (4467), execution mode RoundingModeRTE (4462) for 32 bits
spirv_execution_mode(extensions = ["SPV_KHR_float_controls"], capabilities = [4467], 4462, 32);

// nearest integer, ties to even, for |x| < 2^22
precise float ig1Rint(float x) {
  precise float up = x + 12582912.0;
  precise float r = up - 12582912.0;
  return r;
}

precise float ig1Exp(float input_) {
  precise float x = min(input_, 60.0);
  precise float t = x * 1.44269504;
  precise float k = ig1Rint(t);
  precise float a = k * 0.693359375;
  precise float f = x - a;
  precise float b = k * -2.12194440e-4;
  f = f - b;
  precise float p = 1.9875691500e-4;
  p = p * f;
  p = p + 1.3981999507e-3;
  p = p * f;
  p = p + 8.3334519073e-3;
  p = p * f;
  p = p + 4.1665795894e-2;
  p = p * f;
  p = p + 1.6666665459e-1;
  p = p * f;
  p = p + 5.0000001201e-1;
  precise float f2 = f * f;
  precise float y = p * f2;
  y = y + f;
  y = y + 1.0;
  precise float r = intBitsToFloat(floatBitsToInt(y) + (int(k) << 23));
  return input_ < -60.0 ? 0.0 : r;
}

precise float ig1Rsqrt(float x) {
  precise float h = x * 0.5;
  precise float y = intBitsToFloat(0x5f3759df - (floatBitsToInt(x) >> 1));
  [[unroll]] for (int i = 0; i < 4; i++) {
    precise float t = h * y;
    t = t * y;
    t = 1.5 - t;
    y = y * t;
  }
  return y;
}

precise float ig1Recip(float x) {
  precise float y = intBitsToFloat(0x7EF311C7 - floatBitsToInt(x));
  [[unroll]] for (int i = 0; i < 4; i++) {
    precise float t = x * y;
    t = 2.0 - t;
    y = y * t;
  }
  return y;
}

precise float ig1Flush(float x) {
  return abs(x) < 7.888609052210118e-31 ? 0.0 : x;
}

// binary32 to binary16 bits, to nearest even, subnormal halves kept; above 65504 saturates, what rounds to zero is +0
uint ig1ToHalf(float x) {
  uint bits = floatBitsToUint(x);
  uint sign = (bits >> 16) & 0x8000u;
  uint magnitude = bits & 0x7fffffffu;
  uint normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13;
  uint significand = (magnitude & 0x7fffffu) | 0x800000u;
  uint shift = clamp(126u - (magnitude >> 23), 1u, 25u);
  uint tieToEven = (significand >> shift) & 1u;
  uint subnormal = (significand + (1u << (shift - 1u)) - 1u + tieToEven) >> shift;
  if (magnitude > 0x7f800000u) {
    return 0x7e00u;
  }
  if (magnitude <= 0x33000000u) {
    return 0u;
  }
  return sign | (magnitude >= 0x477fe000u ? 0x7bffu : magnitude < 0x38800000u ? subnormal : normal);
}

// binary16 bits to binary32, exact; infinities and NaN do not occur
precise float ig1FromHalf(uint h) {
  uint magnitude = h & 0x7fffu;
  precise float subnormal = float(magnitude) * 5.9604644775390625e-8;
  uint bits = magnitude < 0x400u ? floatBitsToUint(subnormal) : (magnitude << 13) + 0x38000000u;
  return uintBitsToFloat(bits | ((h & 0x8000u) << 16));
}
