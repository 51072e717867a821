package io.infergrid.libp2p.kad;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.Multihash;
import io.infergrid.libp2p.identity.PrivateKey;
import io.infergrid.libp2p.kad.RecordNamespace.Verdict;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoresTest {

    private static final Duration EXPIRY = Duration.ofHours(48);

    private final TestClock clock = new TestClock();
    private final Contacts contacts = new Contacts(3);
    private final KadLimits.Stores limits = new KadLimits.Stores(3, 4, 10, 2, 5, 100, EXPIRY, Duration.ofHours(22));
    private final ProviderStore providers = new ProviderStore(limits, clock);
    private final ValueStore values = new ValueStore(limits, clock);

    private static byte[] key(int number) {
        return new byte[] {0x12, (byte) number};
    }

    @Test
    void a_provider_is_known_for_48_hours_after_it_was_told_last() {
        var peer = contacts.next();
        providers.add(key(1), peer);
        clock.pass(EXPIRY.minusHours(1));
        assertThat(providers.of(key(1))).containsExactly(peer);
        providers.add(key(1), peer);
        clock.pass(EXPIRY.minusHours(1));
        assertThat(providers.of(key(1))).containsExactly(peer);
        clock.pass(Duration.ofHours(1));
        assertThat(providers.of(key(1))).isEmpty();
        providers.sweep();
        assertThat(providers.size()).isZero();
    }

    @Test
    void a_key_has_so_many_providers_and_a_flood_drives_nobody_out() {
        var first = List.of(contacts.next(), contacts.next(), contacts.next());
        first.forEach(peer -> assertThat(providers.add(key(1), peer)).isTrue());
        assertThat(providers.add(key(1), contacts.next())).isFalse();
        assertThat(providers.of(key(1))).containsExactlyInAnyOrderElementsOf(first);
        clock.pass(EXPIRY);
        assertThat(providers.add(key(1), contacts.next()))
                .as("the old ones expired")
                .isTrue();
    }

    @Test
    void a_peer_has_so_many_keys_and_the_store_so_many_records() {
        var greedy = contacts.next();
        for (int i = 0; i < 4; i++) {
            assertThat(providers.add(key(i), greedy)).isTrue();
        }
        assertThat(providers.add(key(4), greedy)).isFalse();
        assertThat(providers.add(key(0), greedy)).as("renewed").isTrue();
        for (int i = 0; i < 6; i++) {
            assertThat(providers.add(key(i + 10), contacts.next())).isTrue();
        }
        assertThat(providers.add(key(30), contacts.next())).isFalse();
        assertThat(providers.size()).isEqualTo(10);
        providers.forget(greedy.peer());
        assertThat(providers.size()).isEqualTo(6);
        assertThat(providers.add(key(30), contacts.next())).isTrue();
    }

    @Test
    void values_are_bounded_for_each_peer_in_number_and_in_bytes() {
        var one = contacts.next().peer();
        assertThat(values.put(key(1), new byte[10], one)).isTrue();
        assertThat(values.put(key(2), new byte[10], one)).isTrue();
        assertThat(values.put(key(3), new byte[10], one))
                .as("the third of one peer")
                .isFalse();
        assertThat(values.put(key(2), new byte[20], one))
                .as("in place of its own")
                .isTrue();
        assertThat(values.put(key(4), new byte[70], other()))
                .as("more than 100 bytes")
                .isFalse();
        assertThat(values.put(key(4), new byte[40], other())).isTrue();
        assertThat(values.bytes()).isEqualTo(12 + 22 + 42);
        assertThat(values.put(key(5), new byte[1], other())).isTrue();
        assertThat(values.put(key(6), new byte[1], other())).isTrue();
        assertThat(values.put(key(7), new byte[1], other()))
                .as("the sixth record")
                .isFalse();
        clock.pass(EXPIRY);
        assertThat(values.get(key(1))).isEmpty();
        assertThat(values.put(key(7), new byte[1], one)).isTrue();
        assertThat(values.size()).isEqualTo(1);
    }

    private PeerId other() {
        return contacts.next().peer();
    }

    @Test
    void a_public_key_is_valid_under_its_own_id_only() {
        var records = new PublicKeyRecords();
        var key = PrivateKey.generate().publicKey();
        assertThat(records.check(PublicKeyRecords.key(key.peerId()), key.encode(), clock.instant()))
                .isEqualTo(Verdict.ACCEPT);
        assertThat(records.check(PublicKeyRecords.key(other()), key.encode(), clock.instant()))
                .isEqualTo(Verdict.REJECT);
        assertThat(records.check(PublicKeyRecords.key(key.peerId()), new byte[40], clock.instant()))
                .isEqualTo(Verdict.REJECT);
    }

    @Test
    void a_signed_record_is_valid_for_its_signer_until_it_expires_and_the_later_one_wins() {
        var records = new SignedRecords("infergrid");
        var signer = PrivateKey.generate();
        var key = records.key(signer.peerId(), "address");
        var until = clock.instant().plusSeconds(60);
        var first = SignedRecords.sign(signer, key, 1, until, "a".getBytes(StandardCharsets.UTF_8));
        var second = SignedRecords.sign(signer, key, 2, until, "b".getBytes(StandardCharsets.UTF_8));
        assertThat(records.check(key, first, clock.instant())).isEqualTo(Verdict.ACCEPT);
        assertThat(records.prefers(key, second, first)).isTrue();
        assertThat(records.prefers(key, first, second)).isFalse();
        assertThat(records.check(records.key(signer.peerId(), "other"), first, clock.instant()))
                .as("signed for another name")
                .isEqualTo(Verdict.REJECT);
        assertThat(records.check(records.key(other(), "address"), first, clock.instant()))
                .as("under another peer")
                .isEqualTo(Verdict.REJECT);
        for (int i = 0; i < first.length; i++) {
            var forged = first.clone();
            forged[i] ^= 1;
            assertThat(records.check(key, forged, clock.instant()))
                    .as("byte " + i)
                    .isEqualTo(Verdict.REJECT);
        }
        clock.pass(Duration.ofMinutes(1));
        assertThat(records.check(key, first, clock.instant())).isEqualTo(Verdict.IGNORE);
    }

    @Property(tries = 1000)
    void any_bytes_are_refused_as_a_record(@ForAll byte[] key, @ForAll byte[] value) {
        var namespaces = new Namespaces(List.of(new PublicKeyRecords(), new SignedRecords("infergrid")));
        assertThat(namespaces.check(key, value, clock.instant())).isNotEqualTo(Verdict.ACCEPT);
        assertThat(new SignedRecords("x").check(key, value, clock.instant())).isEqualTo(Verdict.REJECT);
        assertThat(new PublicKeyRecords().check(key, value, clock.instant())).isEqualTo(Verdict.REJECT);
    }

    @Test
    void a_value_too_long_for_its_namespace_and_a_key_without_one_are_ignored() {
        var namespaces = new Namespaces(List.of(new PublicKeyRecords()));
        var key = "/pk/abc".getBytes(StandardCharsets.UTF_8);
        assertThat(namespaces.check(key, new byte[KadLimits.MAX_VALUE + 1], clock.instant()))
                .isEqualTo(Verdict.IGNORE);
        assertThat(namespaces.check(key, new byte[KadLimits.MAX_VALUE], clock.instant()))
                .isEqualTo(Verdict.REJECT);
        for (var none : List.of("", "/", "/pk", "/pk/", "pk/abc", "//abc", "/unknown/abc")) {
            assertThat(namespaces.check(none.getBytes(StandardCharsets.UTF_8), new byte[1], clock.instant()))
                    .as(none)
                    .isEqualTo(Verdict.IGNORE);
        }
    }

    @Test
    void provided_keys_outlive_the_process_and_a_line_cut_short(@TempDir Path folder) throws Exception {
        var file = folder.resolve("state").resolve("provided");
        var one = Multihash.sha256(new byte[] {1});
        var two = Multihash.sha256(new byte[] {2});
        var keys = new ProvidedKeysFile(file);
        assertThat(keys.load()).isEmpty();
        keys.add(one);
        keys.add(two);
        keys.remove(one);
        Files.writeString(file, "+1220ab", StandardOpenOption.APPEND);
        var again = new ProvidedKeysFile(file);
        assertThat(again.load()).containsExactly(two);
        again.add(one);
        assertThat(new ProvidedKeysFile(file).load()).containsExactly(two, one);
    }
}
