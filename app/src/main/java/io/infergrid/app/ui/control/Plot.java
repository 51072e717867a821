package io.infergrid.app.ui.control;

import java.util.List;
import java.util.function.DoubleFunction;
import javafx.geometry.VPos;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.input.MouseEvent;
import javafx.scene.paint.Color;
import javafx.scene.paint.CycleMethod;
import javafx.scene.paint.LinearGradient;
import javafx.scene.paint.Stop;
import javafx.scene.text.Text;
import javafx.scene.text.TextAlignment;

/**
 * Lines over a horizontal axis, with round steps on the vertical one, and the values under the pointer. Made for some
 * hundreds of points; more are thinned out to one per pixel by the caller.
 */
public final class Plot extends Painted {

    private static final double TOP = 10;
    private static final double RIGHT = 10;
    private static final double BOTTOM = 22;
    private static final double LABEL_GAP = 8;
    private static final int STEPS = 4;

    private List<Line> lines = List.of();
    private DoubleFunction<String> xWords = Double::toString;
    private DoubleFunction<String> yWords = Double::toString;
    private String emptyWords = "";
    private DoubleFunction<String> stepWords = Double::toString;
    private double minimumSpan = 1;
    private double pointer = -1;

    /**
     * @param xs ascending
     * @param ys one for each x
     * @param colour which of the stylesheet's colours, from 0
     * @param filled whether the area below is tinted
     */
    public record Line(String name, double[] xs, double[] ys, int colour, boolean filled) {}

    public Plot() {
        getStyleClass().add("plot");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setMinSize(120, 90);
        setPrefSize(320, 160);
        addEventHandler(MouseEvent.MOUSE_MOVED, event -> point(event.getX()));
        addEventHandler(MouseEvent.MOUSE_EXITED, event -> point(-1));
    }

    /** How values are written: along the horizontal axis, at the round steps of the vertical one, under the pointer. */
    public Plot words(DoubleFunction<String> x, DoubleFunction<String> steps, DoubleFunction<String> y) {
        xWords = x;
        stepWords = steps;
        yWords = y;
        return this;
    }

    /** What stands in the middle while there is nothing to draw. */
    public Plot emptyWords(String words) {
        emptyWords = words;
        return this;
    }

    /** The vertical axis spans at least this much, so that noise around a constant does not look like a storm. */
    public Plot minimumSpan(double span) {
        minimumSpan = span;
        return this;
    }

    public void show(List<Line> next) {
        lines = List.copyOf(next);
        repaint();
    }

    private void point(double x) {
        pointer = x;
        repaint();
    }

    @Override
    void paint(GraphicsContext g, double width, double height) {
        g.setFont(font());
        if (lines.stream().noneMatch(line -> line.xs().length >= 2)) {
            paintEmpty(g, width, height);
            return;
        }
        var scale = Scale.of(lines, minimumSpan);
        var left = widestLabel(scale) + LABEL_GAP;
        var area = new Area(left, TOP, width - RIGHT, height - BOTTOM, scale);
        paintAxes(g, area);
        for (var line : lines) {
            paintLine(g, area, line);
        }
        if (pointer >= area.left && pointer <= area.right) {
            paintPointer(g, area);
        }
    }

    private void paintEmpty(GraphicsContext g, double width, double height) {
        g.setStroke(gridColour());
        g.setLineWidth(1);
        for (var i = 0; i <= STEPS; i++) {
            var y = Math.round(TOP + (height - TOP - BOTTOM) * i / STEPS) + 0.5;
            g.strokeLine(0, y, width, y);
        }
        var words = measure(emptyWords);
        g.setFill(surfaceColour());
        g.fillRect(width / 2 - words / 2 - 10, height / 2 - 16, words + 20, 24);
        g.setFill(wordColour());
        g.setTextAlign(TextAlignment.CENTER);
        g.setTextBaseline(VPos.CENTER);
        g.fillText(emptyWords, width / 2, height / 2 - 4);
    }

    private double widestLabel(Scale scale) {
        double widest = 0;
        for (var value = scale.bottom; value <= scale.top + scale.step / 2; value += scale.step) {
            widest = Math.max(widest, measure(stepWords.apply(value)));
        }
        return widest;
    }

    private void paintAxes(GraphicsContext g, Area area) {
        g.setLineWidth(1);
        g.setTextBaseline(VPos.CENTER);
        g.setTextAlign(TextAlignment.RIGHT);
        for (var value = area.scale.bottom; value <= area.scale.top + area.scale.step / 2; value += area.scale.step) {
            var y = Math.round(area.y(value)) + 0.5;
            g.setStroke(gridColour());
            g.strokeLine(area.left, y, area.right, y);
            g.setFill(wordColour());
            g.fillText(stepWords.apply(value), area.left - LABEL_GAP, y);
        }
        g.setTextBaseline(VPos.BOTTOM);
        var count = Math.clamp((int) ((area.right - area.left) / 130), 1, 5);
        for (var i = 0; i <= count; i++) {
            var x = area.left + (area.right - area.left) * i / count;
            g.setTextAlign(i == 0 ? TextAlignment.LEFT : i == count ? TextAlignment.RIGHT : TextAlignment.CENTER);
            g.fillText(xWords.apply(area.value(x)), x, area.bottom + BOTTOM);
        }
    }

    private void paintLine(GraphicsContext g, Area area, Line line) {
        var n = line.xs().length;
        if (n < 2) {
            return;
        }
        var colour = colour(line.colour());
        if (line.filled()) {
            g.beginPath();
            g.moveTo(area.x(line.xs()[0]), area.bottom);
            for (var i = 0; i < n; i++) {
                g.lineTo(area.x(line.xs()[i]), area.y(line.ys()[i]));
            }
            g.lineTo(area.x(line.xs()[n - 1]), area.bottom);
            g.closePath();
            g.setFill(new LinearGradient(
                    0,
                    area.top,
                    0,
                    area.bottom,
                    false,
                    CycleMethod.NO_CYCLE,
                    new Stop(0, faded(colour, 0.28)),
                    new Stop(1, faded(colour, 0.02))));
            g.fill();
        }
        g.setStroke(colour);
        g.setLineWidth(2);
        g.beginPath();
        for (var i = 0; i < n; i++) {
            var x = area.x(line.xs()[i]);
            var y = area.y(line.ys()[i]);
            if (i == 0) {
                g.moveTo(x, y);
            } else {
                g.lineTo(x, y);
            }
        }
        g.stroke();
        if (n <= 24) {
            for (var i = 0; i < n; i++) {
                dot(g, area.x(line.xs()[i]), area.y(line.ys()[i]), colour);
            }
        }
    }

    private void paintPointer(GraphicsContext g, Area area) {
        var at = area.value(pointer);
        var text = new StringBuilder();
        var x = pointer;
        for (var line : lines) {
            var i = nearest(line.xs(), at);
            if (i < 0) {
                continue;
            }
            x = area.x(line.xs()[i]);
            if (text.isEmpty()) {
                text.append(xWords.apply(line.xs()[i]));
            }
            text.append("\n");
            if (lines.size() > 1) {
                text.append(line.name()).append("  ");
            }
            text.append(yWords.apply(line.ys()[i]));
        }
        g.setStroke(wordColour());
        g.setLineWidth(1);
        g.setLineDashes(3, 3);
        g.strokeLine(Math.round(x) + 0.5, area.top, Math.round(x) + 0.5, area.bottom);
        g.setLineDashes();
        for (var line : lines) {
            var i = nearest(line.xs(), at);
            if (i >= 0) {
                dot(g, area.x(line.xs()[i]), area.y(line.ys()[i]), colour(line.colour()));
            }
        }
        paintTip(g, area, x, text.toString());
    }

    private void paintTip(GraphicsContext g, Area area, double x, String words) {
        var rows = words.lines().toList();
        var tipWidth = rows.stream().mapToDouble(Plot::measure).max().orElse(0) + 16;
        var tipHeight = rows.size() * 15 + 9;
        var tipX = x + 12 + tipWidth > area.right ? x - 12 - tipWidth : x + 12;
        g.setFill(surfaceColour());
        g.fillRoundRect(tipX, area.top, tipWidth, tipHeight, 8, 8);
        g.setStroke(gridColour());
        g.strokeRoundRect(tipX + 0.5, area.top + 0.5, tipWidth - 1, tipHeight - 1, 8, 8);
        g.setFill(wordColour());
        g.setTextAlign(TextAlignment.LEFT);
        g.setTextBaseline(VPos.TOP);
        for (var i = 0; i < rows.size(); i++) {
            g.fillText(rows.get(i), tipX + 8, area.top + 6 + i * 15);
        }
    }

    private void dot(GraphicsContext g, double x, double y, Color colour) {
        g.setFill(surfaceColour());
        g.fillOval(x - 4, y - 4, 8, 8);
        g.setFill(colour);
        g.fillOval(x - 3, y - 3, 6, 6);
    }

    private static int nearest(double[] xs, double at) {
        var best = -1;
        for (var i = 0; i < xs.length; i++) {
            if (best < 0 || Math.abs(xs[i] - at) < Math.abs(xs[best] - at)) {
                best = i;
            }
        }
        return best;
    }

    private static double measure(String words) {
        var text = new Text(words);
        text.setFont(font());
        return text.getLayoutBounds().getWidth();
    }

    private static Color faded(Color colour, double opacity) {
        return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), opacity);
    }

    /** Both axes: from zero, or from a round value below the lowest point if the points lie far above zero. */
    record Scale(double first, double last, double bottom, double top, double step) {

        static Scale of(List<Line> lines, double minimumSpan) {
            var first = Double.POSITIVE_INFINITY;
            var last = Double.NEGATIVE_INFINITY;
            var highest = 0.0;
            for (var line : lines) {
                for (var i = 0; i < line.xs().length; i++) {
                    first = Math.min(first, line.xs()[i]);
                    last = Math.max(last, line.xs()[i]);
                    highest = Math.max(highest, line.ys()[i]);
                }
            }
            var step = roundStep(Math.max(highest, minimumSpan) / STEPS);
            return new Scale(
                    first,
                    last > first ? last : first + 1,
                    0,
                    Math.ceil(Math.max(highest, minimumSpan) / step) * step,
                    step);
        }

        /** The least of 1, 2, 2.5, 5 times a power of ten that is not below {@code atLeast}. */
        static double roundStep(double atLeast) {
            var power = Math.pow(10, Math.floor(Math.log10(atLeast)));
            for (var factor : new double[] {1, 2, 2.5, 5}) {
                if (factor * power >= atLeast * (1 - 1e-9)) {
                    return factor * power;
                }
            }
            return 10 * power;
        }
    }

    private record Area(double left, double top, double right, double bottom, Scale scale) {

        double x(double value) {
            return left + (value - scale.first) / (scale.last - scale.first) * (right - left);
        }

        double y(double value) {
            return bottom - (value - scale.bottom) / (scale.top - scale.bottom) * (bottom - top);
        }

        double value(double x) {
            return scale.first + (x - left) / (right - left) * (scale.last - scale.first);
        }
    }
}
