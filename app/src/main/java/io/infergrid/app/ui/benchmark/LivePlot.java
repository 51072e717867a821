package io.infergrid.app.ui.benchmark;

import static io.infergrid.app.ui.control.Widgets.column;
import static io.infergrid.app.ui.control.Widgets.label;
import static io.infergrid.app.ui.control.Widgets.row;
import static io.infergrid.app.ui.control.Widgets.space;

import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import io.infergrid.app.ui.control.Plot;
import java.util.List;
import javafx.scene.control.ProgressBar;
import javafx.scene.layout.Priority;
import javafx.scene.layout.VBox;

/** Progress and the growing plot of a benchmark that runs. */
public final class LivePlot extends VBox {

    public LivePlot(BenchmarkModel model, Texts texts, Formats formats) {
        super(12);
        var figures = new FigureWords(texts, formats);
        var step = label("", "value");
        step.textProperty().bind(model.step);
        var percent = label("", "muted");
        percent.textProperty().bind(model.fraction.map(fraction -> formats.percent(fraction.doubleValue())));
        var bar = new ProgressBar();
        bar.progressProperty().bind(model.fraction);
        bar.setMaxWidth(Double.MAX_VALUE);
        bar.getStyleClass().add("thin");
        bar.setAccessibleText(texts.get("benchmark.progress"));
        var plot = new Plot()
                .words(second -> texts.get("unit.seconds", formats.decimal(second, 1)), formats::plain, formats::number)
                .emptyWords(texts.get("plot.empty"));
        plot.setAccessibleText(texts.get("benchmark.live"));
        VBox.setVgrow(plot, Priority.ALWAYS);
        var name = label("", "muted");
        var value = label("", "figure-small");
        model.live.subscribe(series -> {
            var xs = series.seconds().stream().mapToDouble(Double::doubleValue).toArray();
            var ys = series.values().stream().mapToDouble(Double::doubleValue).toArray();
            plot.show(List.of(new Plot.Line(series.key(), xs, ys, 0, true)));
            name.setText(
                    series.key().isEmpty()
                            ? ""
                            : texts.get("figure.named", figures.name(series.key()), figures.unit(series.key())));
            value.setText(
                    ys.length == 0
                            ? ""
                            : texts.get(
                                    "figure.with-unit", figures.value(ys[ys.length - 1]), figures.unit(series.key())));
        });
        getChildren().addAll(column(6, row(8, step, space(), percent), bar), row(8, name, space(), value), plot);
    }
}
