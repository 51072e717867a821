#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"

// The scalar functions of IG1 over an array, for the conformance table: six results an input.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters { uint count; };
layout(binding = 0) readonly buffer Input { float x[]; };
layout(binding = 1) writeonly buffer Output { uint y[]; };

void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i >= count) {
    return;
  }
  float v = x[i];
  uint h = ig1ToHalf(v);
  y[6 * i] = floatBitsToUint(ig1Exp(v));
  y[6 * i + 1] = floatBitsToUint(ig1Rsqrt(abs(v) + 1e-3));
  y[6 * i + 2] = floatBitsToUint(ig1Recip(abs(v) + 1e-3));
  y[6 * i + 3] = h;
  y[6 * i + 4] = floatBitsToUint(ig1FromHalf(h));
  y[6 * i + 5] = floatBitsToUint(ig1Flush(v));
}
