#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"

// RMS norm of one head of a token's queries or keys, in place. One work group a head; invocation t is lane t of sum32.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  uint queryColumns;
  uint keyColumns;
  uint headDimension;
  float inverseDimension;
  float epsilon;
};
layout(binding = 1) readonly buffer Weight { float weight[]; };  // [headDimension] for queries, then for keys
layout(binding = 2) buffer Heads { float qkv[]; };  // [token][query, key, value]

shared float lanes[32];

void main() {
  uint token = gl_WorkGroupID.y;
  if (token >= step_.count) {
    return;
  }
  uint t = gl_LocalInvocationID.x;
  uint column = gl_WorkGroupID.x * headDimension;
  uint at = token * (queryColumns + 2u * keyColumns) + column;
  uint weights = column < queryColumns ? 0u : headDimension;
  precise float lane = 0.0;
  for (uint i = t; i < headDimension; i += 32) {
    float v = qkv[at + i];
    precise float square = v * v;
    lane = lane + square;
  }
  lanes[t] = lane;
  barrier();
  float tree[32];
  [[unroll]] for (uint i = 0; i < 32; i++) {
    tree[i] = lanes[i];
  }
  [[unroll]] for (uint h = 16; h > 0; h >>= 1) {
    [[unroll]] for (uint i = 0; i < h; i++) {
      precise float sum = tree[i] + tree[i + h];
      tree[i] = sum;
    }
  }
  precise float mean = tree[0] * inverseDimension;
  precise float biased = mean + epsilon;
  precise float r = ig1Rsqrt(biased);
  for (uint i = t; i < headDimension; i += 32) {
    precise float normed = qkv[at + i] * r;
    precise float y = ig1Flush(normed) * weight[weights + i];
    qkv[at + i] = ig1Flush(y);
  }
}
