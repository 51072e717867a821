// Thirty-two quantised weights of GROUPS rows, in the packed forms of BlockLayout.java. Its enum says what the macros are
// for each type:
//   WORDS   words of low bits: 8 (int8), 4 (nibbles) or 2 (pairs of bits)
//   HIGH    planes of one upper bit that join them: 0, 1 or 2 words
//   ZERO    what is subtracted from every weight; TABLE=1: weights are indices into IQ4_NL's table
//   SCALES  1: a binary32 for each 32 weights; 2: two halves, scale and offset; the others are for each 256 weights a
//           binary32 (3, 5) or two (4, 6: scale and offset), with 16 bits for each 32: 3 an int8 factor, 4 two factors of
//           six bits, 5 two int8 for 16 weights each, 6 the same with four nibbles (two factors, two of the offset)
// Element e of 32 is: int8: byte e; nibbles: the low (e < 16) or high half of byte e % 16; pairs: byte e % 4 of word
// e / 16, shifted by 2 * (e / 4 % 4); a plane of one bit: byte e % 4, shifted by e / 4.
#define BY_256 (SCALES >= 3)
#define OF_16 (SCALES >= 5)
#define OFFSET (SCALES == 2 || SCALES == 4 || SCALES == 6)

layout(binding = 1) uniform utextureBuffer weights;
layout(binding = 2) uniform utextureBuffer weightScales;
#if HIGH > 0
layout(binding = 7) uniform utextureBuffer highBits;
#endif
#if BY_256
layout(binding = 8) uniform utextureBuffer scalesOf256;
#endif

// One word of each row for each cell (a slot, or 256 weights): [group][cell][row], or [four groups][cell][row][group].
uint[GROUPS] oneWord(utextureBuffer from, uint group[GROUPS], uint cell, uint cells, uint row) {
  uint w[GROUPS];
#if GROUPS == 4
  uvec4 four = texelFetch(from, int((gl_WorkGroupID.x * cells + cell) * 32u + row));
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    w[g] = four[g];
  }
#else
  w[0] = texelFetch(from, int((group[0] * cells + cell) * 32u + row)).x;
#endif
  return w;
}

// Two words of each row: [group][cell][row][2], or [four groups][cell][two pairs of groups][row][2 groups][2].
uvec2[GROUPS] twoWords(utextureBuffer from, uint group[GROUPS], uint cell, uint cells, uint row) {
  uvec2 w[GROUPS];
#if GROUPS == 4
  [[unroll]] for (uint pair = 0; pair < 2; pair++) {
    uvec4 four = texelFetch(from, int(((gl_WorkGroupID.x * cells + cell) * 2u + pair) * 32u + row));
    w[2 * pair] = four.xy;
    w[2 * pair + 1] = four.zw;
  }
#else
  w[0] = texelFetch(from, int((group[0] * cells + cell) * 32u + row)).xy;
#endif
  return w;
}

// Sixteen bits of each row: two rows a word, or four groups in two words.
uint[GROUPS] halfWord(utextureBuffer from, uint group[GROUPS], uint cell, uint cells, uint row) {
  uint w[GROUPS];
#if GROUPS == 4
  uvec2 four = texelFetch(from, int((gl_WorkGroupID.x * cells + cell) * 32u + row)).xy;
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    w[g] = bitfieldExtract(four[g / 2], int(16u * (g & 1u)), 16);
  }
#else
  uint two = texelFetch(from, int((group[0] * cells + cell) * 16u + row / 2u)).x;
  w[0] = (two >> (16u * (row & 1u))) & 0xffffu;
#endif
  return w;
}

// What a block's integers are multiplied with.
struct BlockScales {
  float scale[GROUPS];
  float offset[GROUPS];
  ivec2 factor[GROUPS];  // of weights 0 to 15 and 16 to 31; 1 unless OF_16
  ivec2 offsetFactor[GROUPS];
};

BlockScales blockScales(uint group[GROUPS], uint slot, uint slots, uint block, uint row) {
  BlockScales s;
#if SCALES == 1
  uint word[GROUPS] = oneWord(weightScales, group, slot, slots, row);
#elif SCALES == 2
  uint word[GROUPS] = oneWord(weightScales, group, slot, slots, row);
#else
  uint word[GROUPS] = halfWord(weightScales, group, slot, slots, row);
#if OFFSET
  uvec2 of256[GROUPS] = twoWords(scalesOf256, group, block / 8u, (slots + 7u) / 8u, row);
#else
  uint of256[GROUPS] = oneWord(scalesOf256, group, block / 8u, (slots + 7u) / 8u, row);
#endif
#endif
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    s.offset[g] = 0.0;
    s.factor[g] = ivec2(1);
    s.offsetFactor[g] = ivec2(1);
#if SCALES == 1
    s.scale[g] = uintBitsToFloat(word[g]);
#elif SCALES == 2
    s.scale[g] = ig1FromHalf(word[g] & 0xffffu);
    s.offset[g] = ig1FromHalf(word[g] >> 16);
#elif SCALES == 3
    precise float scale = uintBitsToFloat(of256[g]) * float(bitfieldExtract(int(word[g]), 0, 8));
    s.scale[g] = scale;
#elif SCALES == 4
    precise float scale = uintBitsToFloat(of256[g].x) * float(word[g] & 63u);
    precise float offset = uintBitsToFloat(of256[g].y) * float((word[g] >> 8) & 63u);
    s.scale[g] = scale;
    s.offset[g] = offset;
#elif SCALES == 5
    s.scale[g] = uintBitsToFloat(of256[g]);
    s.factor[g] = ivec2(bitfieldExtract(int(word[g]), 0, 8), bitfieldExtract(int(word[g]), 8, 8));
#else
    s.scale[g] = uintBitsToFloat(of256[g].x);
    s.offset[g] = uintBitsToFloat(of256[g].y);
    s.factor[g] = ivec2(word[g] & 15u, (word[g] >> 4) & 15u);
    s.offsetFactor[g] = ivec2((word[g] >> 8) & 15u, word[g] >> 12);
#endif
  }
  return s;
}

// What a block adds to a row's sum: its exact dot product scaled, and its offset times the activations' sums.
precise float blockTerm(int dot, BlockScales s, uint g, float tokenScale, ivec2 low) {
  precise float scale = s.scale[g] * tokenScale;
  precise float term = float(dot) * scale;
#if OFFSET
#if OF_16
  int lowSum = s.offsetFactor[g].x * low.x + s.offsetFactor[g].y * low.y;
#else
  int lowSum = low.x + low.y;
#endif
  precise float offset = s.offset[g] * tokenScale;
  precise float below = float(lowSum) * offset;
  term = term + below;
#endif
  return term;
}

// The words of a block; int8 weights come half by half.
struct BlockWords {
#if WORDS == 2
  uvec2 low[GROUPS];
#else
  uvec4 low[GROUPS];
#endif
#if HIGH == 1
  uint high[GROUPS];
#elif HIGH == 2
  uvec2 high[GROUPS];
#else
  uint unused_;
#endif
};

void readWords(inout BlockWords w, uint group[GROUPS], uint slot, uint slots, uint half_, uint row) {
#if WORDS == 8
  [[unroll]] for (uint g = 0; g < GROUPS; g++) {
    w.low[g] = texelFetch(weights, int(((group[g] * slots + slot) * 2u + half_) * 32u + row));
  }
#else
  if (half_ == 0u) {
#if WORDS == 4
    [[unroll]] for (uint g = 0; g < GROUPS; g++) {
      w.low[g] = texelFetch(weights, int((group[g] * slots + slot) * 32u + row));
    }
#else
    w.low = twoWords(weights, group, slot, slots, row);
#endif
#if HIGH == 1
    w.high = oneWord(highBits, group, slot, slots, row);
#elif HIGH == 2
    w.high = twoWords(highBits, group, slot, slots, row);
#endif
  }
#endif
}

#if TABLE
// The sixteen values of IQ4_NL and IQ4_XS, four a word.
uint fromTable(uint index) {
  uint word = (index & 8u) == 0u ? ((index & 4u) == 0u ? 0xbfad9881u : 0xf6eaddcfu)
                                 : ((index & 4u) == 0u ? 0x26190d01u : 0x71594535u);
  return (word >> (8u * (index & 3u))) & 0xffu;
}
#endif

// Weights 16 * half_ + 4 * word and the next three as bytes, before ZERO is subtracted.
uint fourWeights(BlockWords w, uint g, uint half_, uint word) {
#if WORDS == 8
  return w.low[g][word];
#elif WORDS == 4
  uint four = (w.low[g][word] >> (4u * half_)) & 0x0f0f0f0fu;
#if HIGH == 1
  four |= ((w.high[g] >> (4u * half_ + word)) & 0x01010101u) << 4;
#elif HIGH == 2
  four |= ((w.high[g][half_] >> (2u * word)) & 0x03030303u) << 4;
#endif
#if TABLE
  four = fromTable(four & 15u) | (fromTable((four >> 8) & 15u) << 8) | (fromTable((four >> 16) & 15u) << 16)
      | (fromTable(four >> 24) << 24);
#endif
  return four;
#else
  uint four = (w.low[g][half_] >> (2u * word)) & 0x03030303u;
#if HIGH == 1
  four |= ((w.high[g] >> (4u * half_ + word)) & 0x01010101u) << 2;
#endif
  return four;
#endif
}
