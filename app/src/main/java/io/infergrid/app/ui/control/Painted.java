package io.infergrid.app.ui.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javafx.css.CssMetaData;
import javafx.css.SimpleStyleableObjectProperty;
import javafx.css.Styleable;
import javafx.css.StyleablePropertyFactory;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.Font;

/**
 * A picture that paints itself on a canvas with colours from the stylesheet, so that it follows the theme like any other
 * part. It is painted at most once per frame, and only while it is in a window.
 */
abstract class Painted extends Region {

    /** How many colours the stylesheet names for series and stages: {@code -ig-paint-1} and on. */
    static final int COLOURS = 8;

    private static final String GRID = "-ig-paint-grid";
    private static final String WORDS = "-ig-paint-words";
    private static final String STRONG = "-ig-paint-strong";
    private static final String SURFACE = "-ig-paint-surface";
    private static final StyleablePropertyFactory<Painted> FACTORY =
            new StyleablePropertyFactory<>(Region.getClassCssMetaData());
    private static final Map<String, CssMetaData<Painted, Color>> METADATA = metadata();

    private final Map<String, SimpleStyleableObjectProperty<Color>> paints = new HashMap<>();
    private final Canvas canvas = new Canvas();

    Painted() {
        METADATA.forEach((name, metadata) -> {
            var property = new SimpleStyleableObjectProperty<>(metadata, this, name, Color.GRAY);
            property.addListener((source, before, after) -> repaint());
            paints.put(name, property);
        });
        canvas.setManaged(false);
        getChildren().add(canvas);
        getStyleClass().add("painted");
        sceneProperty().subscribe(this::repaint);
    }

    private static Map<String, CssMetaData<Painted, Color>> metadata() {
        var names = new ArrayList<>(List.of(GRID, WORDS, STRONG, SURFACE));
        for (var i = 1; i <= COLOURS; i++) {
            names.add("-ig-paint-" + i);
        }
        var all = new HashMap<String, CssMetaData<Painted, Color>>();
        for (var name : names) {
            all.put(name, FACTORY.createColorCssMetaData(name, painted -> painted.property(name), Color.GRAY, false));
        }
        return all;
    }

    private SimpleStyleableObjectProperty<Color> property(String name) {
        return Objects.requireNonNull(paints.get(name), name);
    }

    abstract void paint(GraphicsContext g, double width, double height);

    /** Asks for a new picture with the next frame; many calls make one picture. */
    final void repaint() {
        requestLayout();
    }

    final Color gridColour() {
        return property(GRID).get();
    }

    final Color wordColour() {
        return property(WORDS).get();
    }

    final Color strongColour() {
        return property(STRONG).get();
    }

    final Color surfaceColour() {
        return property(SURFACE).get();
    }

    /** Colour of the series or stage {@code index}, from 0. */
    final Color colour(int index) {
        return property("-ig-paint-" + (Math.floorMod(index, COLOURS) + 1)).get();
    }

    static Font font() {
        return Font.font("Inter", 11);
    }

    @Override
    protected void layoutChildren() {
        canvas.setWidth(getWidth());
        canvas.setHeight(getHeight());
        var g = canvas.getGraphicsContext2D();
        g.clearRect(0, 0, getWidth(), getHeight());
        if (getScene() != null && getWidth() > 0 && getHeight() > 0) {
            paint(g, getWidth(), getHeight());
        }
    }

    @Override
    public List<CssMetaData<? extends Styleable, ?>> getCssMetaData() {
        return FACTORY.getCssMetaData();
    }
}
