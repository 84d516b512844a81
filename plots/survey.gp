# A survey along its axis: a panel a figure, a line a subject with its 95 % interval.
#   gnuplot -c plots/survey.gp results/HOST/LABEL.survey.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/survey.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("survey.gp")]; data = ARG1; picture = ARG2
title = ""; axis = ""
stats data index 0 using (title = strcol(1), figures = column(2), axis = strcol(3), 1) nooutput
array figure_of[figures]
array unit_of[figures]
array subjects_of[figures]
array index_of[figures] # of its first subject
at = 1
longest = 0; entries = 0; most = 0
do for [i = 1:figures] {
    stats data index at using (figure_of[i] = strcol(1), unit_of[i] = strcol(2), subjects_of[i] = column(3), 1) nooutput
    index_of[i] = at + 1
    entries = subjects_of[i] > entries ? subjects_of[i] : entries
    do for [j = 1:subjects_of[i]] {
        stats data index at + j using (length = strlen(strcol(1)), longest = length > longest ? length : longest, \
            most = column(2) > most ? column(2) : most, 1) nooutput
    }
    at = at + 1 + subjects_of[i]
}

panel = 330
above = 46 + panel * figures
load plots."style.gp"
set output picture
set multiplot
set logscale xy 10
set format x "%.0s%c"
if (most <= 64) { set logscale x 2; set format x "%g" } # a number of workers
set xlabel axis
set lmargin at screen 0.13
set rmargin at screen 0.95
# Backends keep their colours; where the subjects are none, or one of them has a backend's name by chance, all take theirs
# by their place.
known(name) = sum [i = 1:words(backends)] (word(backends, i) eq name ? 1 : 0)
do for [i = 1:figures] {
    set tmargin at screen 1 - (46.0 + panel * (i - 1)) / height
    set bmargin at screen 1 - (46.0 + panel * i - 75) / height
    set format y "%.0s %c".(unit_of[i] eq "bytes" ? "B" : unit_of[i])
    set ylabel figure_of[i]
    if (i == 1) { set title title } else { unset title }
    if (i == figures) {
        set key maxcols legend_columns at screen 0.5, screen 0.005 bottom center horizontal noenhanced Left reverse samplen 4 width 2 spacing 1.2
    } else { unset key }
    array kind[subjects_of[i]]
    array name[subjects_of[i]]
    backends_here = 0
    do for [j = 1:subjects_of[i]] {
        stats data index index_of[i] + j - 1 using (name[j] = strcol(1), 1) nooutput
        backends_here = backends_here + known(name[j])
    }
    do for [j = 1:subjects_of[i]] {
        kind[j] = backends_here > 1 && known(name[j]) ? style(name[j]) : j
    }
    plot for [j = 1:subjects_of[i]] data index index_of[i] + j - 1 using 2:4:5 with filledcurves linecolor rgb colours[kind[j]] notitle, \
        for [j = 1:subjects_of[i]] data index index_of[i] + j - 1 using 2:3 with linespoints linetype kind[j] title name[j]
    undefine kind
    undefine name
}
unset multiplot
