using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Halo.Planning;

/// <summary>
/// The name of a shard within its model, written <c>layer/kind-index</c>: <c>3/attention-1</c>, <c>0/feed-forward-2</c>,
/// <c>output/vocabulary-0</c>. A shard grain's key is the model's name, a slash, and this text.
/// </summary>
/// <param name="Layer">The layer, from 0; <see cref="OutputLayer"/> for a vocabulary shard.</param>
/// <param name="Kind">What the shard computes.</param>
/// <param name="Index">The shard's number among those of its layer and kind, from 0.</param>
public readonly record struct ShardId(int Layer, ShardKind Kind, int Index) : IComparable<ShardId>
{
    /// <summary>The layer number that vocabulary shards carry.</summary>
    public const int OutputLayer = -1;

    private const string OutputName = "output";

    /// <summary>Reads the text that <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">The text is no shard name.</exception>
    public static ShardId Parse(string text) =>
        TryParse(text, out ShardId id)
            ? id
            : throw new FormatException($"'{text}' is no shard name; expected layer/kind-index, for example 3/attention-1 or output/vocabulary-0.");

    /// <summary>Reads the text that <see cref="ToString"/> writes; false where it is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ShardId id)
    {
        id = default;
        string[] parts = (text ?? "").Split('/');
        if (parts.Length != 2 || parts[1].LastIndexOf('-') is var dash && dash < 0)
        {
            return false;
        }

        ShardKind? kind = parts[1][..dash] switch
        {
            "attention" => ShardKind.Attention,
            "feed-forward" => ShardKind.FeedForward,
            "vocabulary" => ShardKind.Vocabulary,
            _ => null,
        };
        int layer = OutputLayer;
        bool layerFits = kind == ShardKind.Vocabulary ? parts[0] == OutputName : TryParseNumber(parts[0], out layer);
        if (kind is null || !layerFits || !TryParseNumber(parts[1][(dash + 1)..], out int index))
        {
            return false;
        }

        id = new ShardId(layer, kind.Value, index);
        return true;
    }

    /// <summary>The part of the name before the slash: the layer's number, or <c>output</c>.</summary>
    public string LayerName => Kind == ShardKind.Vocabulary ? OutputName : Layer.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public int CompareTo(ShardId other) => (Layer, Kind, Index).CompareTo((other.Layer, other.Kind, other.Index));

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{LayerName}/{KindName(Kind)}-{Index}");

    /// <summary>Order of shards: by layer, kind, index.</summary>
    public static bool operator <(ShardId left, ShardId right) => left.CompareTo(right) < 0;

    /// <summary>Order of shards: by layer, kind, index.</summary>
    public static bool operator >(ShardId left, ShardId right) => left.CompareTo(right) > 0;

    /// <summary>Order of shards: by layer, kind, index.</summary>
    public static bool operator <=(ShardId left, ShardId right) => left.CompareTo(right) <= 0;

    /// <summary>Order of shards: by layer, kind, index.</summary>
    public static bool operator >=(ShardId left, ShardId right) => left.CompareTo(right) >= 0;

    private static string KindName(ShardKind kind) => kind switch
    {
        ShardKind.Attention => "attention",
        ShardKind.FeedForward => "feed-forward",
        _ => "vocabulary",
    };

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
