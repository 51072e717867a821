package io.infergrid.app.paths;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.LoggerFactory;

/**
 * Logging, configured here and in no file: nothing is said until {@link #open} names a log file, because the terminal belongs
 * to the command that runs in it. Files roll at 4 MB, five are kept.
 */
public final class RollingLog extends ContextAwareBase implements Configurator {

    /** For logback, which finds this class through {@link java.util.ServiceLoader}. */
    public RollingLog() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.OFF);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /**
     * Writes what this process logs to {@code <name>.log} in the logs directory.
     *
     * @param name e.g. {@code infergrid}, or {@code worker-2} for a process beside it
     */
    public static void open(Home home, String name, boolean verbose) {
        if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return; // another logging library is bound, as in an embedding program
        }
        Path file = Home.ownerOnly(home.logs()).resolve(name + ".log");

        var appender = new RollingFileAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setFile(file.toString());

        var pattern = new PatternLayoutEncoder();
        pattern.setContext(context);
        pattern.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX,UTC} %-5level [%thread] %logger{24} %msg%n%rEx");
        pattern.start();
        appender.setEncoder(pattern);

        var window = new FixedWindowRollingPolicy();
        window.setContext(context);
        window.setParent(appender);
        window.setFileNamePattern(home.logs().resolve(name + ".%i.log").toString());
        window.setMinIndex(1);
        window.setMaxIndex(4);
        window.start();
        appender.setRollingPolicy(window);

        var size = new SizeBasedTriggeringPolicy<ILoggingEvent>();
        size.setContext(context);
        size.setMaxFileSize(FileSize.valueOf("4MB"));
        size.start();
        appender.setTriggeringPolicy(size);
        appender.start();

        ch.qos.logback.classic.Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        root.setLevel(verbose ? Level.DEBUG : Level.INFO);
    }
}
