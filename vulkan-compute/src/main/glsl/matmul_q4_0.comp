// variants: _1x1 GROUPS=1 TOKENS=1; _1x4 GROUPS=1 TOKENS=4; _4x1 GROUPS=4 TOKENS=1; _4x4 GROUPS=4 TOKENS=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#include "matmul_blocks.glsl"

// Q4_0: one texel a block; byte i has element i in its low and element i + 16 in its high half, each plus 8.
void blockDots(uint group[GROUPS], uint token[TOKENS], uint slot, uint slots, uint row, out int dot[GROUPS * TOKENS]) {
  [[unroll]] for (uint i = 0; i < GROUPS * TOKENS; i++) {
    dot[i] = 0;
  }
  uvec4 w[GROUPS];
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    w[g] = texelFetch(weights, int((group[g] * slots + slot) * 32u + row));
  }
  [[unroll]] for (uint half_ = 0; half_ < 2; half_++) {
    uvec4 x[TOKENS];
    [[unroll]] for (uint t = 0; t < TOKENS; t++) {
      x[t] = quantised[(token[t] * slots + slot) * 2u + half_];
    }
    [[unroll]] for (uint word = 0; word < 4; word++) {
      ivec4 xs[TOKENS];
      [[unroll]] for (uint t = 0; t < TOKENS; t++) {
        xs[t] = bytes(x[t][word]);
      }
      [[unroll]] for (uint g = 0; g < GROUPS; g++) {
        uint nibbles = (w[g][word] >> (4u * half_)) & 0x0f0f0f0fu;
        ivec4 ws = ivec4(nibbles & 15u, (nibbles >> 8) & 15u, (nibbles >> 16) & 15u, nibbles >> 24) - 8;
        [[unroll]] for (uint t = 0; t < TOKENS; t++) {
          dot[g * TOKENS + t] += sumOf(ws * xs[t]);
        }
      }
    }
  }
}
