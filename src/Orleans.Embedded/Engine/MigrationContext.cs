using System.Diagnostics.CodeAnalysis;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>The state that a migrating grain takes along.</summary>
internal sealed class MigrationContext : IDehydrationContext, IRehydrationContext
{
    private readonly Dictionary<string, object?> _values = [];

    public IEnumerable<string> Keys => _values.Keys;

    public bool TryAddValue<T>(string key, T? value)
    {
        try
        {
            return !_values.ContainsKey(key) && _values.TryAdd(key, new DeepCopier().Copy(value));
        }
        catch (CodecNotFoundException)
        {
            return false;
        }
    }

    public bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value)
    {
        value = _values.GetValueOrDefault(key) is T found ? found : default;
        return value is not null && _values.ContainsKey(key);
    }
}
