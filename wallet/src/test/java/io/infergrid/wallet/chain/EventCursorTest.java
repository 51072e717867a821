package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Events of a real node whose last blocks are replaced, and of an endpoint that hides or invents some. */
class EventCursorTest {

    /** A contract that logs the first word of its call data as its only topic. */
    private static final Address BELL = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");

    private static final SigningKey KEY = LocalChain.richAccount(0);
    private static final String BELL_CODE = "0x60003560006000a100";

    private LocalChain chain;
    private Meddler meddler;
    private TransactionQueue queue;
    private ChainClient sender;
    private final MemoryEvents store = new MemoryEvents();

    @BeforeEach
    void start() throws IOException {
        chain = Anvil.start(LocalChain.Options.berlin());
        chain.command("anvil_setCode", BELL.text(), BELL_CODE);
        meddler = new Meddler(chain.endpoint());
        sender = ChainClient.of(chain.network(Map.of()), new RevertReason.Known(), Clock.systemUTC());

        queue = new TransactionQueue(sender.network(), sender, new MemoryJournal(), KEY, Clock.systemUTC());
    }

    @AfterEach
    void stop() {
        if (chain != null) {
            sender.close();
            meddler.close();
            chain.close();
        }
    }

    private void ring(long number) throws IOException {
        Call call = new Call(
                BELL, Amount.ZERO, Bytes32.ofNumber(BigInteger.valueOf(number)).toString());
        Address from = KEY.address();
        queue.submit("ring " + number, sender.preview(new Action.Administer("ring", List.of()), from, call));
        chain.awaitMined();
    }

    private ChainClient reader(int confirmations, int logBlocks, URI... endpoints) {
        var network = new Network(
                "local",
                "Local chain",
                LocalChain.CHAIN_ID,
                "BTT",
                List.of(endpoints),
                Duration.ofSeconds(1),
                Duration.ZERO,
                confirmations,
                logBlocks,
                Amount.parse("1"),
                Amount.parse("1"),
                false,
                0,
                Map.of(),
                Optional.empty());
        return ChainClient.of(network, new RevertReason.Known(), Clock.systemUTC());
    }

    private EventCursor cursor(ChainClient client) {
        return new EventCursor("bell", client, EventFilter.of(List.of(BELL)), store);
    }

    private static List<Class<?>> kinds(List<ChainChange> changes) {
        return changes.stream().<Class<?>>map(Object::getClass).toList();
    }

    @Test
    void events_appear_once_and_are_confirmed_when_they_are_deep() throws IOException {
        try (ChainClient client = reader(3, 2, chain.endpoint())) {
            ring(1);
            ring(2);
            EventCursor cursor = cursor(client);
            assertThat(kinds(cursor.poll()))
                    .containsOnly(ChainChange.Appeared.class)
                    .hasSize(2);
            assertThat(cursor.poll()).isEmpty();
            chain.mine(2);
            assertThat(cursor(client).poll())
                    .singleElement()
                    .isInstanceOfSatisfying(
                            ChainChange.Confirmed.class,
                            confirmed -> assertThat(confirmed
                                            .event()
                                            .topics()
                                            .getFirst()
                                            .toNumber())
                                    .isEqualTo(BigInteger.ONE));
            chain.mine(200);
            assertThat(kinds(cursor.poll())).containsExactly(ChainChange.Confirmed.class);
            assertThat(cursor.poll()).isEmpty();
            assertThat(store.numbers()).containsExactly(1L, 2L);
        }
    }

    @Test
    void a_reorganisation_takes_back_what_it_removed_and_the_queue_sends_it_again() throws IOException {
        try (ChainClient client = reader(5, 100, chain.endpoint())) {
            ring(1);
            ring(2);
            ring(3);
            EventCursor cursor = cursor(client);
            cursor.poll();
            chain.reorganise(2);
            List<ChainChange> changes = cursor.poll();
            assertThat(kinds(changes)).containsExactly(ChainChange.Reversed.class, ChainChange.Reversed.class);
            assertThat(store.numbers()).containsExactly(1L);
        }
    }

    @Test
    void a_chain_that_became_shorter_takes_back_the_events_above_its_head() throws IOException {
        try (ChainClient client = reader(5, 100, chain.endpoint())) {
            ring(1);
            String mark = chain.snapshot();
            ring(2);
            ring(3);
            EventCursor cursor = cursor(client);
            cursor.poll();
            chain.revert(mark);
            assertThat(kinds(cursor.poll())).containsExactly(ChainChange.Reversed.class, ChainChange.Reversed.class);
            assertThat(store.numbers()).containsExactly(1L);
        }
    }

    @Test
    void a_change_deeper_than_what_is_read_again_is_found_too() throws IOException {
        try (ChainClient client = reader(5, 1000, chain.endpoint())) {
            ring(1);
            chain.mine(10);
            String mark = chain.snapshot();
            ring(2);
            chain.mine(300);
            EventCursor cursor = cursor(client);
            cursor.poll();
            assertThat(store.numbers()).containsExactly(1L, 2L);
            chain.revert(mark);
            chain.command("evm_increaseTime", 1000);
            chain.mine(320);
            assertThat(kinds(cursor.poll())).contains(ChainChange.Reversed.class);
            assertThat(store.numbers()).containsExactly(1L);
        }
    }

    @Test
    void an_endpoint_that_hides_events_is_found_out_by_its_own_receipts() throws IOException {
        try (ChainClient client = reader(0, 100, meddler.endpoint(), chain.endpoint())) {
            ring(1);
            ring(2);
            meddler.lie = (method, request, answer) -> {
                if (method.equals("eth_getLogs")) {
                    ((ArrayNode) answer.get("result")).remove(0);
                }
            };
            cursor(client).poll();
            assertThat(store.numbers()).containsExactly(1L, 2L);
            EndpointStatus liar = client.status().getFirst();
            assertThat(liar.lies()).isEqualTo(1);
            assertThat(liar.refusal().orElseThrow()).contains("hides an event");
        }
    }

    @Test
    void an_endpoint_that_invents_events_is_left_out() throws IOException {
        try (ChainClient client = reader(0, 100, meddler.endpoint(), chain.endpoint())) {
            ring(1);
            meddler.lie = (method, request, answer) -> {
                if (method.equals("eth_getLogs")) {
                    ArrayNode logs = (ArrayNode) answer.get("result");
                    ObjectNode invented = logs.get(0).deepCopy().asObject();
                    invented.put("logIndex", "0x7").put("transactionHash", "0x" + "cd".repeat(32));
                    logs.add(invented);
                }
            };
            cursor(client).poll();
            assertThat(store.numbers()).containsExactly(1L);
            assertThat(client.status().getFirst().refusal().orElseThrow()).contains("not in the block");
        }
    }

    @Test
    void logs_that_were_not_asked_for_are_refused() throws IOException {
        try (ChainClient client = reader(0, 100, meddler.endpoint())) {
            ring(1);
            meddler.lie = (method, request, answer) -> {
                if (method.equals("eth_getLogs")) {
                    ((ObjectNode) answer.get("result").get(0)).put("address", "0x" + "11".repeat(20));
                }
            };
            assertThatThrownBy(() -> cursor(client).poll()).isInstanceOf(ChainException.class);
            assertThat(store.numbers()).isEmpty();
        }
    }
}
