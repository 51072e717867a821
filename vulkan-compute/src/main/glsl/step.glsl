// What the host writes before each step; the same layout as StepParameters.java. The last three words are the arguments
// of the attention's indirect dispatches.
layout(binding = 0) readonly buffer Step {
  uint start;  // position of the step's first token
  uint count;  // tokens of the step
  uint headRow;  // the token whose logits are wanted, where only one is
  uint unused_;
  uint chunks;  // chunks of 32 positions seen by the step's last token
  uint headCount;
  uint tokens;
} step_;

// The first position that a position sees through a window of so many positions, its own among them; 0: all before it.
uint firstSeen(uint position, uint window) {
  return window == 0u || position < window ? 0u : position + 1u - window;
}
