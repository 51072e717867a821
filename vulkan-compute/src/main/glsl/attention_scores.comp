#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#include "cache.glsl"

// Scores of one head of one token over a chunk of 32 positions, one an invocation; dispatched over [chunk, head, token],
// chunks from firstChunk on.
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  uint queryColumns;
  uint keyColumns;
  uint headDimension;
  uint queriesPerKey;
  uint maxPositions;  // a multiple of 32
  float scale;
  uint window;
  uint firstChunk;
};
layout(binding = 1) readonly buffer Query { vec4 query[]; };
layout(binding = 2) uniform utextureBuffer keys;
layout(binding = 3) writeonly buffer Scores { float scores[]; };  // [token][head][maxPositions]
layout(binding = 4) buffer Maximum { uint maximum[]; };  // [token][head], as ordered()

// A word that compares unsigned as the float compares; 0 is below every float.
uint ordered(float x) {
  uint bits = floatBitsToUint(x);
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

void main() {
  uint token = gl_WorkGroupID.z;
  uint head = gl_WorkGroupID.y;
  uint begin = 32u * (firstChunk + gl_WorkGroupID.x);
  uint last = step_.token[token].position;
  uint first = firstSeen(last, window);
  if (begin > last || begin + 32u <= first) {
    return;
  }
  uint position = begin + gl_LocalInvocationID.x;
  uint from = (token * queryColumns + head * headDimension) / 4u;
  uint key = (cacheRow(token, min(position, last)) * keyColumns + head / queriesPerKey * headDimension) / 4u;
  precise vec4 lanes = vec4(0.0);
  for (uint d = 0; d < headDimension / 4u; d++) {
    precise vec4 product = query[from + d] * cached(texelFetch(keys, int(key + d)));
    lanes = lanes + product;
  }
  precise vec2 halves = lanes.xy + lanes.zw;
  precise float sum = halves.x + halves.y;
  precise float score = sum * scale;
  if (position >= first && position <= last) {
    uint heads = queryColumns / headDimension;
    scores[(token * heads + head) * maxPositions + position] = score;
    atomicMax(maximum[token * heads + head], ordered(score));
  }
}
