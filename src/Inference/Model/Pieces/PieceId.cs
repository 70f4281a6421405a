using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Halo.Inference.Model.Pieces;

/// <summary>
/// Which groups of a model a piece is, written <c>layer-kind-first-count</c> (<c>3-attention-0-4</c>, <c>0-feed-forward-16-8</c>,
/// <c>output-vocabulary-0-64</c>): a file name and a segment of an address.
/// </summary>
/// <param name="Kind">What the groups are.</param>
/// <param name="Layer">The layer, from 0; <see cref="OutputLayer"/> for token groups.</param>
/// <param name="FirstGroup">The first group, from 0.</param>
/// <param name="GroupCount">How many groups follow, at least 1.</param>
public readonly record struct PieceId(PieceKind Kind, int Layer, int FirstGroup, int GroupCount)
{
    /// <summary>The layer number of token groups, which belong to no layer.</summary>
    public const int OutputLayer = -1;

    private const string OutputName = "output";

    /// <summary>Reads the text that <see cref="ToString"/> writes; false where it is not one. Whether a model has such groups is not asked.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PieceId id)
    {
        id = default;
        string[] parts = (text ?? "").Split('-');
        if (parts.Length is < 4 or > 5)
        {
            return false;
        }

        PieceKind? kind = string.Join('-', parts[1..^2]) switch
        {
            "attention" => PieceKind.Attention,
            "feed-forward" => PieceKind.FeedForward,
            "vocabulary" => PieceKind.Vocabulary,
            _ => null,
        };
        int layer = OutputLayer;
        bool layerFits = kind == PieceKind.Vocabulary ? parts[0] == OutputName : TryParseNumber(parts[0], out layer);
        if (kind is null || !layerFits || !TryParseNumber(parts[^2], out int first) || !TryParseNumber(parts[^1], out int count))
        {
            return false;
        }

        id = new PieceId(kind.Value, layer, first, count);
        return id.ToString() == text;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string layer = Kind == PieceKind.Vocabulary ? OutputName : Layer.ToString(CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{layer}-{KindName(Kind)}-{FirstGroup}-{GroupCount}");
    }

    private static string KindName(PieceKind kind) => kind switch
    {
        PieceKind.Attention => "attention",
        PieceKind.FeedForward => "feed-forward",
        _ => "vocabulary",
    };

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
