package io.infergrid.app.paths;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** What went wrong with a file, in words: the JDK's exceptions say it with their class, and their message is often only the path. */
public final class FileTrouble {

    private FileTrouble() {}

    /** E.g. {@code /home/me/x: no such file or folder}. */
    public static String words(IOException e) {
        if (e instanceof FileSystemException trouble && trouble.getFile() != null) {
            return trouble.getFile() + ": " + reason(trouble);
        }
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }

    private static String reason(FileSystemException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file or folder";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException _ -> "there is one already";
            case NotDirectoryException _ -> "not a folder";
            case DirectoryNotEmptyException _ -> "the folder is not empty";
            default -> e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
        };
    }
}
