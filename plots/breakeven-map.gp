# The map: speedup over grain and number of tasks, a cell each, with the contours speedup = 1 and efficiency = 0.5 and 0.9;
# one map below the other where the file has several.
#   gnuplot -c plots/breakeven-map.gp results/HOST/LABEL.map.dat OUTPUT.svg
if (ARGC < 2) { exit error "usage: gnuplot -c plots/breakeven-map.gp DATAFILE OUTPUT.svg|OUTPUT.png" }
plots = ARG0[1:strlen(ARG0) - strlen("breakeven-map.gp")]; data = ARG1; picture = ARG2
title = ""
stats data index 0 using (title = strcol(1), maps = column(2), 1) nooutput
array label_of[maps]
array ideal[maps]
array from[maps]
array to[maps]
array least[maps]
array most[maps]
do for [i = 1:maps] {
    stats data index 2 * i - 1 using (label_of[i] = strcol(1), ideal[i] = column(2), from[i] = column(3), \
        to[i] = column(4), least[i] = column(5), most[i] = column(6), 1) nooutput
}

panel = 430
entries = 3
longest = 26
above = 66 + panel * maps
load plots."style.gp"
set output picture
set multiplot
set title title offset 0,0.6

# Half a cell to each side; the grid's steps are even on the logarithmic axes.
step = 10 ** 0.25
set xlabel "grain: serial time of a task"
set ylabel "tasks"
set lmargin at screen 0.10
set rmargin at screen 0.82
set grid noxtics noytics
set style fill solid 1 noborder
# white is as fast as serial; a colour's strength is the logarithm's
set palette defined (-2 "#D55E00", -1 "#EBA77F", 0 "#FFFFFF", 1 "#8FC1DF", 2 "#0072B2") # vermilion, white, blue
set cbrange [-2:2]
set colorbox user size screen 0.02, screen 0.6 * panel / height
set cbtics ("¼ or less" -2, "½" -1, "1" 0, "2" 1, "4 or more" 2) scale 0.5
set cblabel "speedup" offset -1,0
set cntrparam linear

# The lines' levels; where two are the same speedup, one line has both names.
close(a, b) = abs(log(a / b)) < 1e-6
do for [i = 1:maps] {
    grid_of = 2 * i
    half = 0.5 * ideal[i]; most_of = 0.9 * ideal[i]
    names = close(half, 1) ? "speedup 1 = efficiency 0.5" : close(most_of, 1) ? "speedup 1 = efficiency 0.9" : "speedup 1"
    # contours are found on even axes
    unset logscale
    set format "%g"
    set xrange [*:*]
    set yrange [*:*]
    set contour base
    unset surface
    set cntrparam levels discrete 0
    set table $one
    splot data index grid_of using (log10($1)):(log10($2)):(log($3))
    set cntrparam levels discrete log(half)
    set table $half
    splot data index grid_of using (log10($1)):(log10($2)):(log($3))
    set cntrparam levels discrete log(most_of)
    set table $most
    splot data index grid_of using (log10($1)):(log10($2)):(log($3))
    unset table
    unset contour
    set surface
    set logscale xy 10
    set format x "%.0s %cs"
    set format y "%.0s%c"

    top = height - 62.0 - panel * (i - 1)
    set tmargin at screen top / height
    set bmargin at screen (top - panel + 76.0) / height
    set colorbox user origin screen 0.84, screen (top - panel + 110.0) / height
    set label 1 label_of[i] at graph 0, graph 1 offset character 0.5,0.7 noenhanced
    set xrange [from[i] / step:to[i] * step]
    set yrange [least[i] / step:most[i] * step]
    if (i > 1) { unset title; unset key }
    # Black numbers differ from 1 significantly, grey ones do not.
    plot data index grid_of using 1:2:($1 / step):($1 * step):($2 / step):($2 * step):(log($3) / log(2)) \
            with boxxyerror linecolor palette notitle, \
        data index grid_of using 1:2:($3 > 0 && ($4 > 1 || $5 < 1) ? sprintf("%.2g", $3) : "") \
            with labels font ",9" textcolor rgb black notitle, \
        data index grid_of using 1:2:($3 > 0 && !($4 > 1 || $5 < 1) ? sprintf("%.2g", $3) : "") \
            with labels font ",9" textcolor rgb grey notitle, \
        $one using (10 ** $1):(10 ** $2) with lines linecolor rgb black linewidth 3 dashtype solid title names, \
        (close(half, 1) ? "/dev/null" : "$half") using (10 ** $1):(10 ** $2) with lines linecolor rgb black linewidth 2 \
            dashtype "-" title (close(half, 1) ? "" : "efficiency 0.5"), \
        (close(most_of, 1) ? "/dev/null" : "$most") using (10 ** $1):(10 ** $2) with lines linecolor rgb black linewidth 2 \
            dashtype "." title (close(most_of, 1) ? "" : "efficiency 0.9")
}
unset multiplot
