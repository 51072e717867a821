package io.infergrid.app.ui.control;

import io.infergrid.app.ui.Tone;
import java.util.ArrayList;
import java.util.List;
import javafx.css.PseudoClass;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.feather.Feather;

/**
 * The pipeline as a map: the prompt at the left, each stage in its colour with who runs it and how long a token takes there,
 * the tokens at the right. Stages that do not fit one line go on in the next.
 */
public final class PipelineMap extends Pane {

    private static final double END_WIDTH = 64;
    private static final double LINK = 28;
    private static final double LEAST_STAGE_WIDTH = 150;
    private static final double GAP = 14;

    private final List<Node> stops = new ArrayList<>();
    private final List<Node> links = new ArrayList<>();
    private final String fromWords;
    private final String toWords;

    /**
     * One stage as it is drawn.
     *
     * @param time written time of one token here, empty before the first
     * @param share of the slowest stage's time, 0 to 1
     * @param badge written beside the name, empty for none
     * @param alive a dead stage is drawn as such
     * @param words all of it as one sentence, for the tooltip and screen readers
     */
    public record Stop(
            int index,
            String name,
            String blocks,
            String device,
            String time,
            double share,
            String badge,
            boolean alive,
            String words) {}

    /** @param fromWords name of where the prompt comes from; {@code toWords} of where the tokens go */
    public PipelineMap(String fromWords, String toWords) {
        this.fromWords = fromWords;
        this.toWords = toWords;
        getStyleClass().add("pipeline");
    }

    public void show(List<Stop> stages) {
        stops.clear();
        links.clear();
        stops.add(end(Feather.EDIT_3, fromWords));
        for (var stage : stages) {
            links.add(link(stage.alive()));
            stops.add(box(stage));
        }
        links.add(link(true));
        stops.add(end(Feather.MESSAGE_CIRCLE, toWords));
        getChildren().setAll(links);
        getChildren().addAll(stops);
    }

    private static Node end(Feather icon, String words) {
        var circle = new HBox(Widgets.icon(icon));
        circle.getStyleClass().add("pipeline-end");
        circle.setAlignment(Pos.CENTER);
        circle.setMaxSize(Region.USE_PREF_SIZE, Region.USE_PREF_SIZE);
        var box = new VBox(6, circle, Widgets.label(words, "caption"));
        box.setAlignment(Pos.CENTER);
        return box;
    }

    private static Node link(boolean alive) {
        var line = new Region();
        line.getStyleClass().add("pipeline-link");
        line.setMaxHeight(2);
        var head = Widgets.icon(alive ? Feather.CHEVRON_RIGHT : Feather.X, "pipeline-arrow");
        var link = new StackPane(line, head);
        StackPane.setAlignment(head, Pos.CENTER_RIGHT);
        return link;
    }

    private static Node box(Stop stage) {
        var dot = new Region();
        dot.getStyleClass().addAll("stage-dot", stageClass(stage.index()));
        var name = Widgets.label(stage.name(), "stage-name");
        name.setMinWidth(0);
        var head = Widgets.row(7, dot, name, Widgets.space());
        if (!stage.badge().isEmpty()) {
            head.getChildren().add(Widgets.badge(stage.badge(), stage.alive() ? Tone.ACCENT : Tone.DANGER));
        }
        var bar = new StackPane();
        bar.getStyleClass().add("stage-bar");
        var fill = new Region();
        fill.getStyleClass().addAll("stage-fill", stageClass(stage.index()));
        fill.maxWidthProperty().bind(bar.widthProperty().multiply(Math.clamp(stage.share(), 0, 1)));
        StackPane.setAlignment(fill, Pos.CENTER_LEFT);
        bar.getChildren().add(fill);
        var blocks = Widgets.label(stage.blocks(), "stage-blocks");
        var time = Widgets.label(stage.time(), "stage-time");
        time.setMinWidth(Region.USE_PREF_SIZE);
        Label device = Widgets.label(stage.device(), "caption");
        var box = new VBox(head, blocks, device, Widgets.row(10, bar, time));
        HBox.setHgrow(bar, javafx.scene.layout.Priority.ALWAYS);
        box.getStyleClass().addAll("stage-box", stageClass(stage.index()));
        box.pseudoClassStateChanged(PseudoClass.getPseudoClass("dead"), !stage.alive());
        box.setAccessibleText(stage.words());
        Tooltip.install(box, new Tooltip(stage.words()));
        return box;
    }

    /** Style class that carries the colour of stage {@code index}, the same on all screens. */
    public static String stageClass(int index) {
        return "stage-" + (Math.floorMod(index, Painted.COLOURS) + 1);
    }

    private int perLine(double width) {
        var stages = Math.max(1, stops.size() - 2);
        var fit = (int) ((width - 2 * END_WIDTH - LINK) / (LEAST_STAGE_WIDTH + LINK));
        if (fit >= stages) {
            return stages;
        }
        var lines = Math.ceilDiv(stages, Math.max(1, fit));
        return Math.ceilDiv(stages, lines);
    }

    private double lineHeight() {
        return stops.stream().mapToDouble(stop -> stop.prefHeight(-1)).max().orElse(0);
    }

    @Override
    protected double computePrefHeight(double width) {
        if (stops.isEmpty()) {
            return 0;
        }
        var lines = Math.ceilDiv(Math.max(1, stops.size() - 2), perLine(width > 0 ? width : getWidth()));
        return lines * lineHeight() + (lines - 1) * GAP;
    }

    @Override
    protected double computeMinHeight(double width) {
        return computePrefHeight(width);
    }

    @Override
    protected void layoutChildren() {
        if (stops.isEmpty()) {
            return;
        }
        var perLine = perLine(getWidth());
        var height = lineHeight();
        var stageWidth = (getWidth() - 2 * END_WIDTH - (perLine + 1) * LINK) / perLine;
        for (var i = 1; i < stops.size() - 1; i++) {
            var x = END_WIDTH + LINK + (i - 1) % perLine * (stageWidth + LINK);
            int line = (i - 1) / perLine;
            var y = line * (height + GAP);
            stops.get(i).resizeRelocate(x, y, stageWidth, height);
            links.get(i - 1).resizeRelocate(x - LINK, y, LINK, height);
        }
        var last = Math.max(0, stops.size() - 3);
        var lastX = END_WIDTH + LINK + last % perLine * (stageWidth + LINK) + stageWidth;
        int lastLine = last / perLine;
        var lastY = lastLine * (height + GAP);
        if (stops.size() == 2) {
            lastX = getWidth() - END_WIDTH - LINK;
            lastY = 0;
        }
        links.getLast().resizeRelocate(lastX, lastY, LINK, height);
        stops.getFirst().resizeRelocate(0, 0, END_WIDTH, height);
        stops.getLast().resizeRelocate(lastX + LINK, lastY, END_WIDTH, height);
    }
}
