package io.infergrid.app.ui.control;

import java.util.List;
import java.util.function.DoubleFunction;
import javafx.geometry.VPos;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.text.TextAlignment;

/** One bar per token, newest at the right, stacked from the time that each stage took, in the stages' colours. */
public final class HopChart extends Painted {

    private static final double BAR = 6;
    private static final double GAP = 2;
    private static final double TOP = 16;

    private List<double[]> tokens = List.of();
    private DoubleFunction<String> words = Double::toString;

    public HopChart() {
        getStyleClass().add("plot");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setMinSize(80, 60);
        setPrefSize(240, 96);
    }

    /** How a time in milliseconds is written. */
    public HopChart words(DoubleFunction<String> milliseconds) {
        words = milliseconds;
        return this;
    }

    /** @param next for each token the milliseconds on each stage, oldest first */
    public void show(List<double[]> next) {
        tokens = List.copyOf(next);
        repaint();
    }

    @Override
    void paint(GraphicsContext g, double width, double height) {
        var fit = (int) Math.max(1, (width + GAP) / (BAR + GAP));
        var seen = tokens.subList(Math.max(0, tokens.size() - fit), tokens.size());
        var longest = seen.stream().mapToDouble(HopChart::sum).max().orElse(0);
        g.setStroke(gridColour());
        g.strokeLine(0, TOP + 0.5, width, TOP + 0.5);
        g.strokeLine(0, height - 0.5, width, height - 0.5);
        if (longest <= 0) {
            return;
        }
        g.setFont(font());
        g.setFill(wordColour());
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.TOP);
        g.fillText(words.apply(longest), width, 0);
        var scale = (height - TOP - 1) / longest;
        var x = width - seen.size() * (BAR + GAP) + GAP;
        for (var token : seen) {
            var y = height - 1;
            for (var stage = 0; stage < token.length; stage++) {
                var part = token[stage] * scale;
                g.setFill(colour(stage));
                g.fillRect(x, y - part, BAR, part);
                y -= part;
            }
            x += BAR + GAP;
        }
    }

    private static double sum(double[] token) {
        double sum = 0;
        for (var part : token) {
            sum += part;
        }
        return sum;
    }
}
