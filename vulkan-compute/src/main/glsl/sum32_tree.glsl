// Statements, for the body of a kernel's main: float total[PAIRS], the sum32 of PAIRS rows over lanes that come bit-reversed from
// lane `visited` on, whose first block is in `slot`. A node of its tree adds its two children to +0, which is adding them to one
// another, since no sum is -0. A row of few lanes has levels with one child. Needs lanes, laneBits, runs, clear, addTo, and the
// macro ADD_TERMS(slot, block, sums), which adds a block's terms.
  float level5[PAIRS];
  clear(level5);
  for (uint i5 = 0; i5 < (lanes > 16u ? 2u : 1u); i5++) {
    float level4[PAIRS];
    clear(level4);
    for (uint i4 = 0; i4 < (lanes > 8u ? 2u : 1u); i4++) {
      float level3[PAIRS];
      clear(level3);
      for (uint i3 = 0; i3 < (lanes > 4u ? 2u : 1u); i3++) {
        float level2[PAIRS];
        clear(level2);
        for (uint i2 = 0; i2 < (lanes > 2u ? 2u : 1u); i2++) {
          float level1[PAIRS];
          clear(level1);
          for (uint i1 = 0; i1 < (lanes > 1u ? 2u : 1u); i1++) {
            float lane[PAIRS];
            clear(lane);
            uint block = bitfieldReverse(visited++) >> (32u - laneBits);  // the lane, and its first block
            for (uint run = 0; run < runs; run++, slot++) {
              ADD_TERMS(slot, (run << laneBits) | block, lane);
            }
            addTo(level1, lane);
          }
          addTo(level2, level1);
        }
        addTo(level3, level2);
      }
      addTo(level4, level3);
    }
    addTo(level5, level4);
  }
  float total[PAIRS] = level5;
