package io.infergrid.compute.jinja;

/** What a name stands for that nothing was given for: empty where it is written, an error where it is looked into. */
record Undefined(String name) {}
