// variants: _f16 WORDS=4 BF16=0; _bf16 WORDS=4 BF16=1; _f32 WORDS=8 BF16=0
#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"

// F16, BF16 or F32 matrix times plain activations: sum32 over elements, one invocation a row of a token, its 32 lanes in
// registers. Weights are packed [group of 32 rows][32 columns][WORDS texels][row], columns padded with zeros.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  uint rows;
  uint groups;
  uint runs;  // blocks of 32 columns
  uint head;
  uint outStride;
  uint outOffset;
  uint addendOffset;
  uint mode;
};
layout(binding = 1) uniform utextureBuffer weights;
layout(binding = 2) readonly buffer Plain { vec4 plain[]; };  // [token][32 * runs]
#define OUTPUT_BINDING 3
#include "output.glsl"

vec4 halves(uint low, uint high) {
#if BF16
  return uintBitsToFloat(uvec4(low << 16, low & 0xffff0000u, high << 16, high & 0xffff0000u));
#else
  return vec4(ig1FromHalf(low & 0xffffu), ig1FromHalf(low >> 16), ig1FromHalf(high & 0xffffu), ig1FromHalf(high >> 16));
#endif
}

void main() {
  uint token = gl_WorkGroupID.y;
  if (token >= vectors(head)) {
    return;
  }
  uint row = gl_LocalInvocationID.x;
  vec4 lanes[8];
  [[unroll]] for (uint i = 0; i < 8; i++) {
    lanes[i] = vec4(0.0);
  }
  for (uint run = 0; run < runs; run++) {
    uint at = (gl_WorkGroupID.x * runs + run) * WORDS;
    vec4 w[8];
    [[unroll]] for (uint i = 0; i < WORDS; i++) {
      uvec4 texel = texelFetch(weights, int((at + i) * 32u + row));
#if WORDS == 8
      w[i] = uintBitsToFloat(texel);
#else
      w[2 * i] = halves(texel.x, texel.y);
      w[2 * i + 1] = halves(texel.z, texel.w);
#endif
    }
    [[unroll]] for (uint i = 0; i < 8; i++) {
      precise vec4 product = w[i] * plain[(token * runs + run) * 8u + i];
      product = vec4(ig1Flush(product.x), ig1Flush(product.y), ig1Flush(product.z), ig1Flush(product.w));
      precise vec4 sum = lanes[i] + product;
      lanes[i] = sum;
    }
  }
  [[unroll]] for (uint h = 4; h > 0; h >>= 1) {
    [[unroll]] for (uint i = 0; i < h; i++) {
      precise vec4 sum = lanes[i] + lanes[i + h];
      lanes[i] = sum;
    }
  }
  precise vec2 two = lanes[0].xy + lanes[0].zw;
  precise float result = two.x + two.y;
  uint at = gl_WorkGroupID.x * 32u + row;
  if (at < rows) {
    storeResult(result, token, at);
  }
}
