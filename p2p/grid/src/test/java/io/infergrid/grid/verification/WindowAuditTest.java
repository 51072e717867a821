package io.infergrid.grid.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.verification.WindowAudit.Outcome;
import io.infergrid.grid.verification.WindowAudit.Verdict;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.identity.PrivateKey;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WindowAuditTest {

    private static final String SESSION = "00112233445566778899aabbccddeeff";
    private static final Hash MODEL = hash("model");
    private static final BlockRange BLOCKS = new BlockRange(0, 4);
    private static final BlockRange BEHIND = new BlockRange(4, 8);

    private final PrivateKey a = PrivateKey.generate();
    private final PrivateKey b = PrivateKey.generate();
    private final List<PeerId> both = List.of(a.peerId(), b.peerId());
    private Optional<Hash> sent = Optional.empty();
    private Optional<Hash> given = Optional.empty();
    private final WindowAudit audit =
            new WindowAudit(SESSION, MODEL, List.of(BLOCKS, BEHIND), "IG1", new WindowAudit.Own() {
                @Override
                public Optional<Hash> tokensIn(int window) {
                    return sent;
                }

                @Override
                public Optional<Hash> tokensOut(int window) {
                    return given;
                }
            });

    private static Hash hash(String text) {
        return Hash.of(Hash.sha256().digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }

    private static WindowClaim claim(PrivateKey key, int stage, String in, String out) {
        return new WindowClaim(
                SESSION,
                MODEL,
                stage == 0 ? BLOCKS : BEHIND,
                stage,
                0,
                hash(in),
                hash(out),
                "IG1",
                key.peerId(),
                new byte[16]);
    }

    private List<PeerId> commit(PrivateKey key, WindowClaim claim) throws Exception {
        Hash commitment = claim.commitment();
        return audit.committed(
                claim.stage(), 0, key.peerId(), commitment, key.sign(WindowClaim.toSign(commitment)), both);
    }

    private Verdict check(int stage, WindowClaim first, WindowClaim second) throws Exception {
        assertThat(commit(a, first)).isEmpty();
        assertThat(commit(b, second)).isEqualTo(both);
        assertThat(audit.revealed(stage, 0, b.peerId(), second.secret())).isEmpty();
        return audit.revealed(stage, 0, a.peerId(), first.secret()).orElseThrow();
    }

    @Test
    void those_who_computed_the_same_agree_and_the_evidence_can_be_checked_by_anyone() throws Exception {
        Verdict verdict = check(0, claim(a, 0, "in", "out"), claim(b, 0, "in", "out"));

        assertThat(verdict.outcome()).isEqualTo(Outcome.AGREED);
        assertThat(verdict.evidence())
                .hasSize(2)
                .allMatch(signed -> WindowClaim.signedBy(
                        signed.claim().peer(), signed.claim().commitment(), signed.signature()));
    }

    @Test
    void another_output_of_the_same_input_is_a_fault_of_one_of_them() throws Exception {
        Verdict verdict = check(0, claim(a, 0, "in", "out"), claim(b, 0, "in", "other"));

        assertThat(verdict.outcome()).isEqualTo(Outcome.OUTPUT_DIFFERS);
        assertThat(verdict.accused()).isEmpty();
    }

    @Test
    void who_denies_the_tokens_that_the_gateway_sent_is_known() throws Exception {
        sent = Optional.of(hash("in"));
        Verdict verdict = check(0, claim(a, 0, "in", "out"), claim(b, 0, "made up", "out"));

        assertThat(verdict.outcome()).isEqualTo(Outcome.INPUT_DIFFERS);
        assertThat(verdict.accused()).contains(b.peerId());
    }

    @Test
    void who_denies_what_the_stage_before_put_out_is_known() throws Exception {
        check(0, claim(a, 0, "in", "boundary"), claim(b, 0, "in", "boundary"));
        Verdict verdict = check(1, claim(a, 1, "something else", "out"), claim(b, 1, "boundary", "out"));

        assertThat(verdict.outcome()).isEqualTo(Outcome.INPUT_DIFFERS);
        assertThat(verdict.accused()).contains(a.peerId());
    }

    @Test
    void tokens_given_to_the_gateway_that_nobody_computed_are_the_active_stages_lie() throws Exception {
        given = Optional.of(hash("altered tokens"));
        Verdict verdict = check(1, claim(a, 1, "in", "tokens"), claim(b, 1, "in", "tokens"));

        assertThat(verdict.outcome()).isEqualTo(Outcome.OUTPUT_DIFFERS);
        assertThat(verdict.accused()).contains(a.peerId());
    }

    @Test
    void what_is_revealed_must_be_what_was_committed_to() throws Exception {
        commit(a, claim(a, 0, "in", "out"));
        commit(b, claim(b, 0, "in", "out"));
        Verdict verdict = audit.revealed(
                        0,
                        0,
                        b.peerId(),
                        claim(b, 0, "in", "what the other revealed").secret())
                .orElseThrow();

        assertThat(verdict.outcome()).isEqualTo(Outcome.REVEAL_DIFFERS);
        assertThat(verdict.accused()).contains(b.peerId());
    }

    @Test
    void a_copied_commitment_cannot_be_revealed() throws Exception {
        WindowClaim original = claim(a, 0, "in", "out");
        commit(a, original);
        Hash copied = original.commitment();
        audit.committed(0, 0, b.peerId(), copied, b.sign(WindowClaim.toSign(copied)), both);
        audit.revealed(0, 0, a.peerId(), original.secret());
        Verdict verdict = audit.revealed(0, 0, b.peerId(), original.secret()).orElseThrow();

        assertThat(verdict.outcome()).isEqualTo(Outcome.REVEAL_DIFFERS);
        assertThat(verdict.accused()).contains(b.peerId());
    }

    @Test
    void unsigned_repeated_and_endless_commitments_are_refused() throws Exception {
        WindowClaim claim = claim(a, 0, "in", "out");
        Hash commitment = claim.commitment();
        byte[] others = b.sign(WindowClaim.toSign(commitment));
        assertThatThrownBy(() -> audit.committed(0, 0, a.peerId(), commitment, others, both))
                .hasMessageContaining("signed by " + a.peerId());
        commit(a, claim);
        assertThatThrownBy(() -> commit(a, claim)).hasMessageContaining("found another");
        byte[] own = a.sign(WindowClaim.toSign(commitment));
        for (int window = 1; window < WindowAudit.MOST_OPEN; window++) {
            audit.committed(0, window, a.peerId(), commitment, own, both);
        }
        assertThatThrownBy(() -> audit.committed(0, 999, a.peerId(), commitment, own, both))
                .hasMessageContaining("up to 64 windows under way");
        audit.gone(a.peerId());
        audit.committed(0, 999, a.peerId(), commitment, own, both);
    }
}
