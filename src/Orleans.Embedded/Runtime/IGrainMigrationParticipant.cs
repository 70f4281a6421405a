using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A grain that takes state along when it migrates.</summary>
public interface IGrainMigrationParticipant
{
    /// <summary>Hands over the state; runs after <see cref="IGrainBase.OnDeactivateAsync"/> on the old silo.</summary>
    public void OnDehydrate(IDehydrationContext dehydrationContext);

    /// <summary>Takes the state over; runs before <see cref="IGrainBase.OnActivateAsync"/> on the new silo.</summary>
    public void OnRehydrate(IRehydrationContext rehydrationContext);
}

/// <summary>Receives the state of a migrating grain.</summary>
public interface IDehydrationContext
{
    /// <summary>Keys of the values added so far.</summary>
    public IEnumerable<string> Keys { get; }

    /// <summary>Adds a copy of a value; false if the key is taken or the type may not cross calls.</summary>
    public bool TryAddValue<T>(string key, T? value);
}

/// <summary>Gives the state of a migrating grain.</summary>
public interface IRehydrationContext
{
    /// <summary>Keys of the values.</summary>
    public IEnumerable<string> Keys { get; }

    /// <summary>Gets a value; false if there is none of this key and type.</summary>
    public bool TryGetValue<T>(string key, [NotNullWhen(true)] out T? value);
}
