package io.infergrid.app.ui;

import java.nio.file.Path;
import java.util.Optional;

/** Asks the user for a file. Behind an interface because a screen without windows has no dialogs. */
@FunctionalInterface
public interface FilePicker {

    /** Where to save something that would be called {@code suggestedName}; empty if the user changed their mind. */
    Optional<Path> save(String title, String suggestedName);
}
