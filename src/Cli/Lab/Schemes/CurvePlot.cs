using System.Globalization;
using System.Text;

namespace Halo.Cli.Lab.Schemes;

/// <summary>One curve of a plot.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points, by ascending x.</param>
/// <param name="Apart">A value that stands apart at the right, such as that of bad periods; null for none.</param>
internal sealed record Curve(string Name, IReadOnlyList<(double X, double Y)> Points, double? Apart);

/// <summary>Curves as a standalone SVG picture, light or dark as the viewer is. The y axis is logarithmic where values lie far apart.</summary>
internal sealed class CurvePlot(string title, string xTitle, string yTitle, string apartTitle)
{
    private const double Width = 720;
    private const double Height = 420;
    private const double Left = 70;
    private const double Right = 190;
    private const double Top = 44;
    private const double Bottom = 56;
    private const double ApartWidth = 70;
    private const double PlotRight = Width - Right - ApartWidth;

    // Okabe's and Ito's colours, which colour-blind people can tell apart.
    private static readonly string[] s_colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c", "#b2b200"];

    private double _mostX;
    private double _leastY;
    private double _mostY;
    private bool _isLogarithmic;

    /// <summary>Draws the curves; those without points are left out.</summary>
    internal string Draw(IReadOnlyList<Curve> curves)
    {
        Curve[] drawn = [.. curves.Where(curve => curve.Points.Count > 0)];
        double[] values = [.. drawn.SelectMany(curve => curve.Points.Select(point => point.Y).Concat(curve.Apart is { } apart ? [apart] : []))];
        _mostX = Math.Max(1, drawn.SelectMany(curve => curve.Points).Max(point => point.X));
        (_leastY, _mostY) = (values.Min(), values.Max());
        _isLogarithmic = _mostY > 4 * _leastY && _leastY > 0;
        Pad();
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="{title}">
            <style>.a{"{"}stroke:#777;stroke-width:1{"}"} .g{"{"}stroke:#8884;stroke-width:1{"}"} text{"{"}fill:#222{"}"} @media (prefers-color-scheme: dark){"{"}text{"{"}fill:#ddd{"}"}{"}"}</style>
            <text x="{Left}" y="22" font-size="15">{title}</text>

            """);
        Axes(svg, drawn.Any(curve => curve.Apart is not null));
        for (int i = 0; i < drawn.Length; i++)
        {
            Draw(svg, drawn[i], s_colors[i % s_colors.Length], Top + 8 + (18 * i));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private double X(double x) => Left + (x / _mostX * (PlotRight - Left));

    private double Y(double y) => Height - Bottom - ((Scale(y) - Scale(_leastY)) / (Scale(_mostY) - Scale(_leastY)) * (Height - Bottom - Top));

    private double Scale(double y) => _isLogarithmic ? Math.Log(y) : y;

    private void Pad()
    {
        if (_isLogarithmic)
        {
            (_leastY, _mostY) = (_leastY / 1.1, _mostY * 1.1);
            return;
        }

        double space = Math.Max((_mostY - _leastY) * 0.08, 0.002);
        (_leastY, _mostY) = (_leastY - space, _mostY + space);
    }

    private void Axes(StringBuilder svg, bool hasApart)
    {
        foreach (double y in Ticks(_leastY, _mostY))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(y):0.0}\" y2=\"{Y(y):0.0}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{Y(y) + 4:0.0}\" text-anchor=\"end\">{y:0.####}</text>\n");
        }

        for (double x = 0; x <= _mostX; x += _mostX > 10 ? 5 : 1)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(x):0.0}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{x:0.#}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"a\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom}\"/>")
            .Append(CultureInfo.InvariantCulture, $"<line class=\"a\" x1=\"{Left}\" x2=\"{Left}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>\n")
            .Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + PlotRight) / 2}\" y=\"{Height - 14}\" text-anchor=\"middle\">{xTitle}</text>")
            .Append(CultureInfo.InvariantCulture, $"<text transform=\"translate(18 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{yTitle}</text>\n");
        if (hasApart)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{PlotRight + (ApartWidth / 2)}\" y=\"{Height - Bottom + 34}\" text-anchor=\"middle\">{apartTitle}</text>\n");
        }
    }

    private IEnumerable<double> Ticks(double least, double most)
    {
        if (_isLogarithmic)
        {
            for (double decade = Math.Pow(10, Math.Floor(Math.Log10(least))); decade <= most; decade *= 10)
            {
                foreach (double tick in ((double[])[1, 2, 5]).Select(factor => decade * factor).Where(tick => tick >= least && tick <= most))
                {
                    yield return tick;
                }
            }

            yield break;
        }

        double raw = (most - least) / 5;
        double power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
        for (double tick = Math.Ceiling(least / step) * step; tick <= most; tick += step)
        {
            yield return tick;
        }
    }

    private void Draw(StringBuilder svg, Curve curve, string color, double legendY)
    {
        string path = string.Join(' ', curve.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.X):0.0},{Y(point.Y):0.0}")));
        svg.Append(CultureInfo.InvariantCulture, $"<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" points=\"{path}\"/>");
        foreach ((double x, double y) in curve.Points)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(x):0.0}\" cy=\"{Y(y):0.0}\" r=\"3\" fill=\"{color}\"/>");
        }

        if (curve.Apart is { } apart)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{PlotRight + (ApartWidth / 2) - 4:0.0}\" y=\"{Y(apart) - 4:0.0}\" width=\"8\" height=\"8\" fill=\"{color}\"/>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Width - Right + 14}\" x2=\"{Width - Right + 34}\" y1=\"{legendY}\" y2=\"{legendY}\" stroke=\"{color}\" stroke-width=\"2\"/>")
            .Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right + 40}\" y=\"{legendY + 4}\">{curve.Name}</text>\n");
    }
}
