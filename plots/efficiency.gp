# Efficiency against workers: what part of the ideal speedup is reached, with 95 % interval bands.
#   gnuplot -c plots/efficiency.gp results/HOST/LABEL.speedup.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/efficiency.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("efficiency.gp")]; data = ARG1; picture = ARG2
value = 7
load plots."workers.gp"

set title title.": efficiency against workers"
set ylabel kind eq "io" ? "efficiency (speedup / workers)" : "efficiency (speedup / min(workers, usable CPUs))"
set yrange [0:(top > 1 ? top : 1) * 1.08]

set output picture
plot 1 with lines linecolor rgb 0x606060 linewidth 2 dashtype "." title "ideal", \
    for [i = last:first:-1] data index i using 3:8:9 with filledcurves linecolor rgb colour(i) notitle, \
    for [i = last:first:-1] data index i using 3:7:8:9 with yerrorbars linecolor rgb colour(i) linewidth 1.5 dashtype solid pointtype 0 notitle, \
    for [i = last:first:-1] data index i using 3:7 with linespoints linetype style(backend(i)) linecolor rgb colour(i) pointtype mark(i) linewidth width(i) title name(i)
