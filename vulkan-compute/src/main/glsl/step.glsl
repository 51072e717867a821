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
