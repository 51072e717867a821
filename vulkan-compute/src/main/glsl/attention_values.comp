#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#include "cache.glsl"

// exp(score - max) and the sums over one chunk of 32 positions of one head of one token; dispatched over
// [chunk, head, token], chunks from firstChunk on. Invocation p has position p's weight, then invocation d the elements 4d .. 4d + 3.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  uint queryColumns;
  uint keyColumns;
  uint headDimension;
  uint queriesPerKey;
  uint maxPositions;
  uint window;
  uint firstChunk;
};
layout(binding = 1) readonly buffer Scores { float scores[]; };
layout(binding = 2) readonly buffer Maximum { uint maximum[]; };
layout(binding = 3) uniform utextureBuffer values;
layout(binding = 4) writeonly buffer Numerators { vec4 numerators[]; };  // [token][head][chunk][headDimension]
layout(binding = 5) writeonly buffer Denominators { float denominators[]; };  // [token][head][chunk]

shared float weights[32];

float unordered(uint word) {
  return uintBitsToFloat((word & 0x80000000u) != 0u ? word & 0x7fffffffu : ~word);
}

void main() {
  uint token = gl_WorkGroupID.z;
  uint head = gl_WorkGroupID.y;
  uint chunk = firstChunk + gl_WorkGroupID.x;
  uint first = 32u * chunk;
  uint last = step_.token[token].position;
  uint seen = firstSeen(last, window);
  if (first > last || first + 32u <= seen) {
    return;
  }
  uint heads = queryColumns / headDimension;
  uint row = token * heads + head;
  uint invocation = gl_LocalInvocationID.x;
  precise float shifted =
      scores[row * maxPositions + clamp(first + invocation, seen, last)] - unordered(maximum[row]);
  weights[invocation] = ig1Exp(shifted);
  barrier();
  uint firstRow = cacheRow(token, first);
  uint begin = max(seen, first) - first;
  uint positions = min(last - first + 1u, 32u);
  uint chunkRow = row * (maxPositions / 32u) + chunk;
  for (uint d = invocation; d < headDimension / 4u; d += 32u) {
    uint value = (firstRow * keyColumns + head / queriesPerKey * headDimension) / 4u + d;
    precise vec4 sum = vec4(0.0);
    for (uint p = begin; p < positions; p++) {
      precise vec4 product = weights[p] * cached(texelFetch(values, int(value + p * (keyColumns / 4u))));
      sum = sum + product;
    }
    numerators[chunkRow * (headDimension / 4u) + d] = sum;
  }
  if (invocation == 0u) {
    precise float sum = 0.0;
    for (uint p = begin; p < positions; p++) {
      sum = sum + weights[p];
    }
    denominators[chunkRow] = sum;
  }
}
