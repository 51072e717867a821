package io.infergrid.app.ui.control;

import java.util.function.IntFunction;
import javafx.geometry.VPos;
import javafx.scene.AccessibleRole;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.control.Tooltip;
import javafx.scene.input.MouseEvent;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;

/**
 * The blocks of a model as cells in a line, like the pieces in a torrent client: the stronger the colour, the more peers
 * hold the block; a cell that nobody holds is hollow.
 */
public final class CoverageStrip extends Painted {

    private final boolean numbered;
    private final Tooltip tip = new Tooltip();
    private int[] depths = new int[0];
    private IntFunction<String> words = Integer::toString;

    /** @param numbered whether each cell says how many hold it */
    public CoverageStrip(boolean numbered) {
        this.numbered = numbered;
        getStyleClass().add("coverage");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setMinSize(40, numbered ? 34 : 14);
        setPrefSize(numbered ? 400 : 120, numbered ? 34 : 14);
        setMaxHeight(numbered ? 34 : 14);
        if (numbered) {
            Tooltip.install(this, tip);
            addEventHandler(MouseEvent.MOUSE_MOVED, event -> point(event.getX()));
        }
    }

    /** What is said of the block under the pointer. */
    public CoverageStrip words(IntFunction<String> ofBlock) {
        words = ofBlock;
        return this;
    }

    /** @param next for each block how many hold it */
    public void show(int[] next) {
        depths = next.clone();
        repaint();
    }

    private void point(double x) {
        if (depths.length > 0 && getWidth() > 0) {
            tip.setText(words.apply(Math.clamp((int) (x / getWidth() * depths.length), 0, depths.length - 1)));
        }
    }

    @Override
    void paint(GraphicsContext g, double width, double height) {
        if (depths.length == 0) {
            return;
        }
        var cell = width / depths.length;
        var gap = cell > 8 ? 3 : cell > 4 ? 1 : 0;
        var round = numbered ? 8 : 4;
        g.setFont(font());
        g.setTextAlign(TextAlignment.CENTER);
        g.setTextBaseline(VPos.CENTER);
        for (var block = 0; block < depths.length; block++) {
            var x = block * cell;
            if (depths[block] == 0) {
                g.setStroke(gridColour());
                g.setLineWidth(1);
                g.strokeRoundRect(x + 0.5, 0.5, cell - gap - 1, height - 1, round, round);
            } else {
                g.setFill(strength(depths[block]));
                g.fillRoundRect(x, 0, cell - gap, height, round, round);
            }
            if (numbered && cell >= 22) {
                g.setFill(depths[block] >= 2 ? surfaceColour() : strongColour());
                g.fillText(Integer.toString(depths[block]), x + (cell - gap) / 2, height / 2);
            }
        }
    }

    private Color strength(int depth) {
        var share = numbered ? Math.min(depth, 3) / 3.0 : 1;
        return surfaceColour().interpolate(colour(0), 0.12 + 0.88 * share);
    }
}
