using Spectre.Console;
using Spectre.Console.Rendering;

namespace Halo.Cli.Hosting;

/// <summary>A table of plain text: framed on a terminal, bare columns in a file or a pipe.</summary>
internal sealed class TextTable
{
    private const int ColumnGap = 2;

    private readonly List<(string Heading, bool IsNumber)> _columns = [];
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a column of words, aligned to the left.</summary>
    internal TextTable Words(params string[] headings)
    {
        _columns.AddRange(headings.Select(heading => (heading, false)));
        return this;
    }

    /// <summary>Adds columns of numbers, aligned to the right.</summary>
    internal TextTable Numbers(params string[] headings)
    {
        _columns.AddRange(headings.Select(heading => (heading, true)));
        return this;
    }

    /// <summary>Adds a row, one cell a column.</summary>
    internal TextTable Row(params string[] cells)
    {
        _rows.Add(cells);
        return this;
    }

    internal IRenderable Render(bool framed)
    {
        Table table = new() { Border = framed ? TableBorder.Rounded : TableBorder.None };
        foreach ((string heading, bool isNumber) in _columns)
        {
            TableColumn column = new(new Text(heading)) { Alignment = isNumber ? Justify.Right : Justify.Left, NoWrap = true };
            table.AddColumn(framed ? column : column.Padding(0, 0, ColumnGap, 0));
        }

        foreach (string[] row in _rows)
        {
            table.AddRow(row.Select(cell => new Text(Printable.OneLine(cell))));
        }

        return table;
    }
}
