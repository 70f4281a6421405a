using System.Diagnostics.CodeAnalysis;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>As upstream: a grain that takes state along when it migrates.</summary>
public interface IGrainMigrationParticipant
{
    /// <summary>Hands over the state; runs after <see cref="Grain.OnDeactivateAsync"/> on the old silo.</summary>
    void OnDehydrate(IDehydrationContext dehydrationContext);

    /// <summary>Takes the state over; runs before <see cref="Grain.OnActivateAsync"/> on the new silo.</summary>
    void OnRehydrate(IRehydrationContext rehydrationContext);
}

/// <summary>As upstream: receives the state of a migrating grain.</summary>
public interface IDehydrationContext
{
    /// <summary>Adds a copy of a value; false if the key is taken or the type may not cross calls.</summary>
    bool TryAddValue<T>(string key, T? value);
}

/// <summary>As upstream: gives the state of a migrating grain.</summary>
public interface IRehydrationContext
{
    /// <summary>Gets a value; false if there is none of this key and type.</summary>
    bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value);
}

internal sealed class MigrationContext : IDehydrationContext, IRehydrationContext
{
    private readonly Dictionary<string, object?> _values = [];

    public bool TryAddValue<T>(string key, T? value)
    {
        try
        {
            return _values.TryAdd(key, new DeepCopier().Copy(value));
        }
        catch (CodecNotFoundException)
        {
            return false;
        }
    }

    public bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value) =>
        (value = _values.GetValueOrDefault(key) is T found ? found : default) is not null && _values.ContainsKey(key);
}
