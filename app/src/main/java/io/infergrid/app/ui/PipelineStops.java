package io.infergrid.app.ui;

import io.infergrid.app.core.SwarmView;
import io.infergrid.app.ui.control.PipelineMap;
import java.time.Duration;
import java.util.List;

/** The stages of a swarm in the words of the map. */
public final class PipelineStops {

    private final Texts texts;
    private final Formats formats;

    public PipelineStops(Texts texts, Formats formats) {
        this.texts = texts;
        this.formats = formats;
    }

    public List<PipelineMap.Stop> of(SwarmView swarm) {
        var slowest = swarm.pipeline().stream()
                .map(SwarmView.StageView::stepTime)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO)
                .toNanos();
        return swarm.pipeline().stream()
                .map(stage -> stop(stage, swarm.ownPeerId(), slowest))
                .toList();
    }

    private PipelineMap.Stop stop(SwarmView.StageView stage, String ownPeerId, long slowestNanos) {
        var name = texts.get("stage.name", stage.index() + 1);
        var blocks = formats.blocks(stage.firstBlock(), stage.endBlock());
        var time = stage.stepTime().isZero() ? texts.get("value.none") : formats.time(stage.stepTime());
        var own = stage.peerId().equals(ownPeerId);
        var badge = !stage.alive() ? texts.get("stage.lost") : own ? texts.get("stage.own") : "";
        var who = formats.shortId(stage.peerId());
        return new PipelineMap.Stop(
                stage.index(),
                name,
                blocks,
                texts.get("stage.who", who, stage.device()),
                time,
                slowestNanos == 0 ? 0 : (double) stage.stepTime().toNanos() / slowestNanos,
                badge,
                stage.alive(),
                texts.get("stage.sentence", name, blocks, stage.peerId(), stage.device(), time));
    }
}
