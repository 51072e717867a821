package io.infergrid.grid;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.payment.Offer;
import io.infergrid.grid.payment.Payments;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Stages that want money, and gateways that have some or none. */
@Timeout(60)
class PaidGridTest {

    private static final BigInteger PRICE = BigInteger.valueOf(125_000);

    @TempDir
    private Path folder;

    /** Vouchers in plain words; what was paid last by each worker, and what it stored. */
    private static final class Purse implements Payments {
        private final Map<Service, Due> paid = new ConcurrentHashMap<>();
        private final Map<Service, Due> stored = new ConcurrentHashMap<>();
        private final int windowsThatItCanPay;

        Purse(int windowsThatItCanPay) {
            this.windowsThatItCanPay = windowsThatItCanPay;
        }

        @Override
        public Optional<Offer> offer(Service service) {
            return Optional.of(new Offer(PRICE, 2, service.worker().toString().getBytes(US_ASCII)));
        }

        @Override
        public Verdict received(Service service, Offer offer, Due due, byte[] voucher) {
            if (!new String(voucher, US_ASCII).equals(due.toString())) {
                return new Verdict.Rejected("it is for something else");
            }
            stored.put(service, due);
            return new Verdict.Stored();
        }

        @Override
        public Optional<String> objection(Service service, Offer offer) {
            return windowsThatItCanPay > 0 ? Optional.empty() : Optional.of("the purse is empty");
        }

        @Override
        public Optional<byte[]> pay(Service service, Offer offer, Due due) {
            if (due.windows() > windowsThatItCanPay) {
                return Optional.empty();
            }
            paid.put(service, due);
            return Optional.of(due.toString().getBytes(US_ASCII));
        }
    }

    private GridNode gateway(TestGrid grid, Payments payments) throws Exception {
        return grid.node(Role.GATEWAY, TestGrid.reference(), c -> c.withPayments(payments));
    }

    private static Hash serve(TestGrid grid, GridNode gateway, Path gguf, Payments payments, int each)
            throws Exception {
        Hash model = gateway.seed(gguf, "");
        for (int i = 0; i < 2 * each; i++) {
            int middle = TinyLlama.BLOCKS / 2;
            var blocks = i % 2 == 0 ? new BlockRange(0, middle) : new BlockRange(middle, TinyLlama.BLOCKS);
            GridNode worker = grid.node(Role.WORKER, TestGrid.reference(), c -> c.withPayments(payments));
            worker.serve(model, blocks, TestGrid.LIMIT);
        }
        grid.eventually(() -> gateway.snapshot().peers().stream()
                        .filter(peer -> !peer.serves().isEmpty() && peer.connected())
                        .count()
                == 2L * each);
        return model;
    }

    private static GenerationRequest request(Hash model, int prompt, int tokens) {
        int[] ids = IntStream.range(0, prompt)
                .map(i -> (i * 37 + 11) % TinyLlama.VOCABULARY)
                .toArray();
        return new GenerationRequest(model, ids, tokens, Sampling.GREEDY, Set.of());
    }

    @Test
    void stages_and_their_standbys_are_paid_for_every_window_of_the_answer() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        var gatewayPurse = new Purse(1000);
        var workerPurse = new Purse(1000);
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = gateway(grid, gatewayPurse);
            Hash model = serve(grid, gateway, gguf, workerPurse, 2);
            var request = request(model, 70, 60);

            assertThat(gateway.generate(request, (id, hops) -> {}, () -> false).tokens())
                    .isEqualTo(TestGrid.alone(gguf, request));

            // the last token is not fed: 129 positions are four windows, at two stages and two standbys
            grid.eventually(() -> workerPurse.stored.size() == 4
                    && workerPurse.stored.values().stream().allMatch(due -> due.windows() == 4));
            assertThat(workerPurse.stored.keySet())
                    .extracting(Payments.Service::standby)
                    .containsExactlyInAnyOrder(true, true, false, false);
            assertThat(gatewayPurse.paid).isEqualTo(workerPurse.stored);
            assertThat(workerPurse.stored.values())
                    .allMatch(due -> due.amount().equals(BigInteger.valueOf(4 * 32 * 125)) && due.committed() >= 4);
        }
    }

    @Test
    void who_is_not_paid_stops_after_its_credit_and_says_so() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        var workerPurse = new Purse(1000);
        try (var grid = new TestGrid(folder)) {
            GridNode gateway = gateway(grid, new Purse(1));
            Hash model = serve(grid, gateway, gguf, workerPurse, 1);
            List<Integer> heard = new ArrayList<>();

            assertThatThrownBy(() -> gateway.generate(request(model, 5, 200), (id, hops) -> heard.add(id), () -> false))
                    .isInstanceOf(GridException.class)
                    .hasMessageContaining("2 windows ahead of payment");

            // one window that was paid and two of credit, less the position that would complete another
            assertThat(heard.size()).isBetween(3 * 32 - 5, 4 * 32);
            assertThat(workerPurse.stored.values()).allMatch(due -> due.windows() <= 1);
        }
    }

    @Test
    void a_gateway_without_money_is_told_before_anything_is_computed() throws Exception {
        Path gguf = TinyLlama.write(folder.resolve("tiny.gguf"));
        try (var grid = new TestGrid(folder)) {
            GridNode gateway =
                    grid.node(Role.GATEWAY, TestGrid.reference(), c -> c.withStepLimit(Duration.ofSeconds(2)));
            Hash model = serve(grid, gateway, gguf, new Purse(1000), 1);

            assertThatThrownBy(() -> gateway.generate(request(model, 5, 20), (id, hops) -> {}, () -> false))
                    .isInstanceOf(GridException.class)
                    .hasMessageContaining("this gateway pays nothing, and the stage wants 125000");
        }
    }
}
