using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates;

/// <summary>The variables that a statement sees, and where its output goes.</summary>
internal sealed class Scope(Rendering rendering, Scope? parent, TextMaker output)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    internal Rendering Rendering => rendering;

    internal TextMaker Output => output;

    /// <summary>How many loops are around.</summary>
    internal int LoopDepth { get; init; } = parent?.LoopDepth ?? 0;

    /// <summary>A scope within: what is set there is not seen here.</summary>
    internal Scope Inner(TextMaker? other = null, bool isLoop = false) =>
        new(rendering, this, other ?? output) { LoopDepth = LoopDepth + (isLoop ? 1 : 0) };

    internal void Set(string name, object? value) => _variables[name] = value;

    internal object? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._variables.TryGetValue(name, out object? value))
            {
                return value;
            }
        }

        return new Undefined(name);
    }

    private Scope? Outer => parent;
}
