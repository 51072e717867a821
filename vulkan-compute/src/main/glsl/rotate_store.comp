#version 460
#extension GL_GOOGLE_include_directive : require
#include "ig1.glsl"
#include "step.glsl"
#include "cache.glsl"

// Rotates queries and keys, appends keys and values to the cache as halves, and clears the maximum of each head's scores.
// One invocation two neighbouring elements of a token's [query, key, value].
layout(local_size_x = 32) in;
layout(push_constant) uniform Parameters {
  uint queryColumns;
  uint keyColumns;
  uint headDimension;
  uint pairs;  // rotated pairs of a head
  uint neox;
  uint heads;
};
layout(binding = 1) readonly buffer Input { float qkv[]; };  // [token][query, key, value]
layout(binding = 2) readonly buffer Rotary { vec2 rotary[]; };  // [position][pairs] of cos, sin
layout(binding = 3) writeonly buffer Query { float query[]; };  // [token][queryColumns]
layout(binding = 4) writeonly buffer Keys { uint keys[]; };  // [position][keyColumns]
layout(binding = 5) writeonly buffer Values { uint values[]; };
layout(binding = 6) writeonly buffer Maximum { uint maximum[]; };  // [token][heads]

precise float rotated(uint row, uint column, uint position) {
  uint element = column % headDimension;
  if (element >= 2u * pairs) {
    return qkv[row + column];
  }
  uint pair = neox == 1u ? element % pairs : element / 2u;
  bool second = neox == 1u ? element >= pairs : (element & 1u) == 1u;
  uint first = row + column - element + (neox == 1u ? pair : 2u * pair);
  float a = qkv[first];
  float b = qkv[first + (neox == 1u ? pairs : 1u)];
  vec2 turn = rotary[position * pairs + pair];
  precise float p = a * (second ? turn.y : turn.x);
  precise float q = b * (second ? turn.x : turn.y);
  precise float sum = p + q;
  precise float difference = p - q;
  return ig1Flush(second ? sum : difference);
}

void main() {
  uint token = gl_WorkGroupID.y;
  if (token >= step_.count) {
    return;
  }
  uint column = 2u * gl_GlobalInvocationID.x;
  if (gl_GlobalInvocationID.x < heads) {
    maximum[token * heads + gl_GlobalInvocationID.x] = 0u;
  }
  uint columns = queryColumns + 2u * keyColumns;
  if (column >= columns) {
    return;
  }
  uint row = token * columns;
  uint position = step_.token[token].position;
  if (column < queryColumns) {
    query[token * queryColumns + column] = rotated(row, column, position);
    query[token * queryColumns + column + 1u] = rotated(row, column + 1u, position);
    return;
  }
  bool isKey = column < queryColumns + keyColumns;
  float a = isKey ? rotated(row, column, position) : qkv[row + column];
  float b = isKey ? rotated(row, column + 1u, position) : qkv[row + column + 1u];
  uint low = ig1ToHalf(a);
  uint high = ig1ToHalf(b);
  uint at = cacheRow(token, position) * keyColumns + column - queryColumns - (isKey ? 0u : keyColumns);
  if (WIDE == 1u) {
    uint wideLow = floatBitsToUint(ig1FromHalf(low));
    uint wideHigh = floatBitsToUint(ig1FromHalf(high));
    if (isKey) {
      keys[at] = wideLow;
      keys[at + 1u] = wideHigh;
    } else {
      values[at] = wideLow;
      values[at + 1u] = wideHigh;
    }
  } else if (isKey) {
    keys[at / 2u] = low | (high << 16);
  } else {
    values[at / 2u] = low | (high << 16);
  }
}
