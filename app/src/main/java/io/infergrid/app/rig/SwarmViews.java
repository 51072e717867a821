package io.infergrid.app.rig;

import io.infergrid.app.core.SwarmView;
import io.infergrid.grid.GridSnapshot;
import io.infergrid.grid.Role;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The grid's view of itself in the words of the window. */
final class SwarmViews {

    private SwarmViews() {}

    static SwarmView of(GridSnapshot grid, int modelBlocks) {
        return new SwarmView(
                grid.peerId(),
                grid.addresses(),
                new SwarmView.Reach(grid.reach().state(), grid.reach().advice()),
                grid.peers().stream().map(SwarmViews::peer).toList(),
                Stream.concat(
                                grid.downloads().stream().map(SwarmViews::download),
                                grid.transfers().stream().map(SwarmViews::transfer))
                        .toList(),
                grid.models().isEmpty() ? "" : grid.models().getFirst().name(),
                modelBlocks,
                grid.pipeline().stream().map(SwarmViews::stage).toList());
    }

    private static SwarmView.Peer peer(GridSnapshot.Peer peer) {
        String roles = peer.roles().stream()
                .map(Role::name)
                .sorted()
                .map(role -> role.toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return new SwarmView.Peer(
                peer.peerId(),
                peer.address(),
                roles,
                peer.device(),
                peer.held(),
                peer.roundTrip(),
                way(peer.way()),
                peer.self());
    }

    private static SwarmView.Way way(GridSnapshot.Way way) {
        return switch (way) {
            case DIRECT -> SwarmView.Way.DIRECT;
            case RELAYED -> SwarmView.Way.RELAYED;
            case NONE -> SwarmView.Way.UNREACHABLE;
        };
    }

    private static SwarmView.Transfer download(GridSnapshot.Download download) {
        return new SwarmView.Transfer(
                download.name(),
                "",
                download.bytesDone(),
                download.bytesTotal(),
                download.state() == GridSnapshot.DownloadState.DONE,
                download.state().name().toLowerCase(Locale.ROOT),
                download.bytesPerSecond(),
                download.left(),
                download.sources().size(),
                download.model().hex());
    }

    private static SwarmView.Transfer transfer(GridSnapshot.Transfer transfer) {
        return new SwarmView.Transfer(
                transfer.shard(), transfer.peerId(), transfer.bytesDone(), transfer.bytesTotal(), transfer.verified());
    }

    private static SwarmView.StageView stage(GridSnapshot.PipelineStage stage) {
        return new SwarmView.StageView(
                stage.index(),
                stage.blocks().first(),
                stage.blocks().end(),
                stage.peerId(),
                stage.device(),
                stage.stepTime(),
                stage.alive());
    }
}
