package io.infergrid.app.ui.swarm;

import io.infergrid.app.core.DownloadOrder;
import io.infergrid.app.core.Observable;
import io.infergrid.app.core.SwarmView.Peer;
import io.infergrid.app.core.SwarmView.Transfer;
import io.infergrid.app.ui.Desk;
import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Screen;
import io.infergrid.app.ui.Texts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import javafx.scene.Parent;
import org.jspecify.annotations.Nullable;

/** Turns the swarm as the rig sees it into the words of the screen. */
public final class SwarmController implements Screen {

    private static final int MOST_BLOCKS = 4096;

    private final Desk desk;
    private final Texts texts;
    private final Formats formats;
    private final SwarmModel model = new SwarmModel();
    private final @Nullable SwarmScreen view;
    private Observable.@Nullable Pin pin;

    public SwarmController(Desk desk) {
        this(desk, true);
    }

    /** @param withView false for a test without a toolkit */
    SwarmController(Desk desk, boolean withView) {
        this.desk = desk;
        texts = desk.texts();
        formats = desk.formats();
        view = withView ? new SwarmScreen(model, texts, this) : null;
    }

    SwarmModel model() {
        return model;
    }

    @Override
    public Parent view() {
        return Screen.built(view).root();
    }

    @Override
    public void attach() {
        pin = desk.bindings().bind(desk.rig().swarm(), this::follow);
    }

    @Override
    public void detach() {
        if (pin != null) {
            pin.close();
        }
    }

    void copy(String text) {
        desk.copy(text);
    }

    private void follow(io.infergrid.app.core.SwarmView swarm) {
        var blocks = Math.min(swarm.modelBlocks(), MOST_BLOCKS);
        var others = swarm.peers().stream().filter(peer -> !peer.self()).count();
        model.subtitle.set(
                swarm.ownPeerId().isEmpty() ? texts.get("swarm.subtitle.off") : texts.get("swarm.subtitle", others));
        model.reach.set(reach(swarm));
        model.ownPeerId.set(swarm.ownPeerId());
        model.addresses.set(swarm.addresses());
        model.coverage.set(coverage(swarm, blocks));
        model.peers.set(swarm.peers().stream().map(peer -> line(peer, blocks)).toList());
        model.transfers.set(swarm.transfers().stream().map(this::line).toList());
    }

    private String reach(io.infergrid.app.core.SwarmView swarm) {
        if (swarm.ownPeerId().isEmpty()) {
            return "";
        }
        return swarm.reach().advice().isEmpty()
                ? texts.get("swarm.reach.local")
                : swarm.reach().advice();
    }

    /** The round trip, or why there is none. */
    private String trip(Peer peer) {
        return switch (peer.way()) {
            case RELAYED -> texts.get("swarm.way.relayed");
            case UNREACHABLE -> texts.get("swarm.way.unreachable");
            case DIRECT ->
                peer.self() || peer.roundTrip().isZero() ? texts.get("value.none") : formats.time(peer.roundTrip());
        };
    }

    private SwarmModel.Coverage coverage(io.infergrid.app.core.SwarmView swarm, int blocks) {
        var depths = new ArrayList<>(Collections.nCopies(blocks, 0));
        for (var peer : swarm.peers()) {
            HeldBlocks.of(peer.held(), blocks).stream().forEach(block -> depths.set(block, depths.get(block) + 1));
        }
        if (blocks == 0) {
            return new SwarmModel.Coverage(swarm.model(), List.of(), "");
        }
        var missing = depths.stream().filter(depth -> depth == 0).count();
        var thinnest = Collections.min(depths);
        var sentence = missing > 0
                ? texts.get("swarm.coverage.missing", missing, blocks)
                : texts.get(
                        "swarm.coverage.full",
                        blocks,
                        thinnest,
                        depths.stream().filter(thinnest::equals).count());
        return new SwarmModel.Coverage(swarm.model(), List.copyOf(depths), sentence);
    }

    private SwarmModel.Peer line(Peer peer, int blocks) {
        var held = HeldBlocks.of(peer.held(), blocks);
        var cells = new ArrayList<Boolean>(blocks);
        for (var block = 0; block < blocks; block++) {
            cells.add(held.get(block));
        }
        return new SwarmModel.Peer(
                peer.peerId(),
                formats.shortId(peer.peerId()),
                roles(peer.role()),
                peer.device(),
                peer.address(),
                trip(peer),
                peer.held().isEmpty() ? texts.get("blocks.none") : peer.held(),
                List.copyOf(cells),
                peer.self());
    }

    /** A peer may hold several roles, e.g. {@code gateway, worker}. */
    private String roles(String roles) {
        return Arrays.stream(roles.split(", ", 8))
                .map(role -> texts.getOr("swarm.role." + role, role))
                .collect(Collectors.joining(", "));
    }

    private SwarmModel.Transfer line(Transfer transfer) {
        var size = texts.get(
                "swarm.transfer.size", formats.bytes(transfer.bytesDone()), formats.bytes(transfer.bytesTotal()));
        return new SwarmModel.Transfer(
                transfer.shard(),
                transfer.state().isEmpty()
                        ? texts.get("swarm.transfer.from", formats.shortId(transfer.fromPeerId()))
                        : sources(transfer),
                transfer.left().isZero() ? size : texts.get("swarm.transfer.left", size, formats.time(transfer.left())),
                transfer.bytesTotal() <= 0
                        ? 0
                        : Math.clamp((double) transfer.bytesDone() / transfer.bytesTotal(), 0, 1),
                transfer.verified(),
                texts.get("swarm.transfer." + state(transfer)),
                transfer.modelRoot(),
                orders(transfer));
    }

    private static List<DownloadOrder> orders(Transfer transfer) {
        return switch (transfer.modelRoot().isEmpty() ? "" : transfer.state()) {
            case "running" -> List.of(DownloadOrder.PAUSE, DownloadOrder.CANCEL);
            case "paused", "failed" -> List.of(DownloadOrder.RESUME, DownloadOrder.CANCEL);
            default -> List.of();
        };
    }

    /** Tells the rig, in the background. */
    void order(String modelRoot, DownloadOrder order) {
        desk.inBackground(() -> desk.rig().download(modelRoot, order), "swarm.transfer.refused");
    }

    private String sources(Transfer transfer) {
        return transfer.state().equals("running")
                ? texts.get("swarm.transfer.sources", transfer.sources(), formats.bytes(transfer.bytesPerSecond()))
                : texts.get("swarm.transfer.model");
    }

    private static String state(Transfer transfer) {
        var whole = transfer.bytesTotal() > 0 && transfer.bytesDone() >= transfer.bytesTotal();
        return switch (transfer.state()) {
            case "paused", "failed", "cancelled" -> transfer.state();
            default -> transfer.verified() ? "verified" : whole ? "checking" : "running";
        };
    }
}
