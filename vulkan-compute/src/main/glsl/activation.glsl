// Activations on their way into a matrix, in both forms that matrices take. Include after declaring ACTIVATION_BINDING,
// the first of three bindings.
//   quantised: [token][slot][8 words of 4 int8], and for each slot its scale and a word with the sums of the first and the
//   last sixteen int8 (weights with an offset need them, and such whose packed form is shifted); slots are blocks of 32 in the order in which
//   matmul visits them: lanes of sum32 in bit-reversed order, the runs of a lane one after the other
//   plain: [token][padded columns] binary32
layout(binding = ACTIVATION_BINDING) writeonly buffer Quantised { uvec4 quantised[]; };
layout(binding = ACTIVATION_BINDING + 1) writeonly buffer Scales { uvec2 scales[]; };
layout(binding = ACTIVATION_BINDING + 2) writeonly buffer Plain { float plain[]; };

struct Shape {
  uint columns;
  uint laneBits;  // log2 of the lanes that sum32 uses here
  uint runs;  // blocks of a lane
  uint forms;  // 1: quantised, 2: plain
};

uint slotOf(uint block, Shape shape) {
  uint lane = block & ((1u << shape.laneBits) - 1u);
  return (bitfieldReverse(lane) >> (32u - shape.laneBits)) * shape.runs + (block >> shape.laneBits);
}

uint packBytes(float a, float b, float c, float d) {
  return (uint(int(a)) & 0xffu) | ((uint(int(b)) & 0xffu) << 8) | ((uint(int(c)) & 0xffu) << 16)
      | (uint(int(d)) << 24);
}

float quantiseOne(float x, float inverse) {
  precise float scaled = x * inverse;
  precise float rounded = ig1Rint(scaled);
  return clamp(rounded, -127.0, 127.0);
}

// v: elements [32 * block, 32 * block + 32) of a token's vector
void storeActivation(float v[32], uint token, uint block, Shape shape) {
  if ((shape.forms & 2u) != 0u) {
    uint padded = (shape.columns + 31u) / 32u * 32u;
    [[unroll]] for (uint i = 0; i < 32; i++) {
      if (32u * block + i < shape.columns) {
        plain[token * padded + 32u * block + i] = v[i];
      }
    }
  }
  if ((shape.forms & 1u) != 0u) {
    float largest = 0.0;
    [[unroll]] for (uint i = 0; i < 32; i++) {
      largest = max(largest, abs(v[i]));
    }
    bool zero = largest < 8.673617379884035e-19;  // 2^-60
    precise float reciprocal = ig1Recip(largest);
    precise float inverse = 127.0 * reciprocal;
    inverse = zero ? 0.0 : inverse;
    precise float scale = largest * 0.007874015718698502;
    uint word[8];
    vec2 low = vec2(0.0);  // exact: at most 16 * 127
    [[unroll]] for (uint i = 0; i < 8; i++) {
      vec4 q = vec4(quantiseOne(v[4 * i], inverse), quantiseOne(v[4 * i + 1], inverse),
          quantiseOne(v[4 * i + 2], inverse), quantiseOne(v[4 * i + 3], inverse));
      low[i / 4] += (q.x + q.y) + (q.z + q.w);
      word[i] = packBytes(q.x, q.y, q.z, q.w);
    }
    uint at = token * (shape.runs << shape.laneBits) + slotOf(block, shape);
    quantised[2u * at] = uvec4(word[0], word[1], word[2], word[3]);
    quantised[2u * at + 1u] = uvec4(word[4], word[5], word[6], word[7]);
    scales[at] = uvec2(zero ? 0u : floatBitsToUint(scale), (uint(int(low.x)) & 0xffffu) | (uint(int(low.y)) << 16));
  }
}
